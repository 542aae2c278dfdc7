"""Exactly the silent clients are closed, and their sessions end as they should."""

from chalicelib.errors import ServiceDown
from tests.aws import Aws
from tests.chalicelib.actions.upkeep.silent import silence
from tests.crowd import crowd, ids
from tests.stack import Stack


def test_a_client_that_speaks_within_a_short_idle_time_stays(aws: Aws) -> None:
    stack = Stack(aws, CONNECTION_IDLE_TIMEOUT_SECONDS="10")
    client = stack.connect()

    for _ in range(5):
        stack.clock.advance(6)
        client.send("heartbeat")
        stack.sweep()

    assert client.connection_id in stack.sockets.open
    stack.clock.advance(11)
    stack.sweep()
    assert stack.sockets.closed == [client.connection_id]


def test_the_silent_are_closed_in_the_second_that_is_over_and_not_with_the_next_sweep(
    stack: Stack,
) -> None:
    speaker, session_id = stack.session()
    silent, late = stack.listener(session_id), stack.listener(session_id)
    heard = silent.received
    stack.clock.advance(75)
    speaker.send("heartbeat")
    stack.sweep()
    stack.advance(44)
    late.send("heartbeat")
    assert stack.sockets.closed == []

    stack.advance(1)

    assert stack.sockets.closed == [silent.connection_id]
    assert heard[-1]["type"] == "connectionTimeout"
    assert heard[-1]["idleSeconds"] == 120
    assert stack.counts(session_id) == (1, {"es": 1})
    assert [e["ConnectionsClosed"] for e in stack.events() if "ConnectionsClosed" in e] == [0, 1]


def test_a_connection_whose_token_expires_is_closed_in_that_second(stack: Stack) -> None:
    client = stack.connect(f"token={stack.token(ttl=170)}")
    renewed = stack.connect(f"token={stack.token('lisa', ttl=170)}")
    for _ in range(2):
        stack.clock.advance(60)
        client.send("heartbeat")
        renewed.send("heartbeat")
        stack.sweep()
    renewed.send("authenticate", token=stack.token("lisa"))
    stack.advance(49)
    assert stack.sockets.closed == []

    stack.advance(1)

    assert stack.sockets.closed == [client.connection_id]


def test_a_thousand_that_fall_silent_together_are_closed_by_jobs_of_a_hundred(stack: Stack) -> None:
    speaker, session_id = stack.session()
    crowd(stack, session_id, 950)
    stack.clock.advance(90)
    speaker.send("heartbeat")
    stack.sweep()

    due = [job for _, job in stack.jobs.waiting if job["kind"] == "closeDue"]
    stack.advance(30)

    assert sorted(len(job["connections"]) for job in due) == [50] + [100] * 9
    assert stack.counts(session_id) == (0, {})


def test_a_sweep_without_a_queue_leaves_it_to_the_next_one(stack: Stack) -> None:
    client = stack.connect()
    stack.clock.advance(90)
    stack.jobs.broken = True
    assert stack.sweep()["checked"] == 1
    stack.advance(60)

    assert stack.sweep()["closed"] == 1
    assert stack.sockets.closed == [client.connection_id]


def test_sockets_that_are_gone_and_a_late_disconnect_change_nothing_more(stack: Stack) -> None:
    speaker, session_id = stack.session()
    listener = stack.listener(session_id)
    listener.close(lost=True)
    silence(stack, 120, speaker)

    swept = stack.sweep()
    before = stack.session_item(session_id)
    listener.disconnect_event(1006)

    assert swept == {"checked": 2, "idle": 1, "closed": 1}
    assert stack.counts(session_id) == (0, {})
    assert stack.session_item(session_id) == before


def test_a_client_that_has_just_spoken_is_not_closed_because_of_an_old_page(stack: Stack) -> None:
    speaker, session_id = stack.session()
    listener = stack.listener(session_id)
    stack.hold("connections", connectionId=listener.connection_id)
    silence(stack, 120, speaker)
    listener.send("heartbeat")

    assert stack.sweep()["closed"] == 0
    assert stack.sockets.closed == []


def test_a_connection_that_closes_while_it_is_swept_is_left_alone(stack: Stack) -> None:
    speaker, session_id = stack.session()
    listener = stack.listener(session_id)
    silence(stack, 120, speaker)
    stack.database.before("GetItem", listener.close, concerns=listener.connection_id)

    assert stack.sweep() == {"checked": 2, "idle": 0, "closed": 0}
    assert stack.counts(session_id) == (0, {})


def test_a_session_extended_in_this_moment_is_not_ended_as_expired(stack: Stack) -> None:
    _, session_id = stack.session()
    stack.hold("sessions", sessionId=session_id)
    stack.clock.advance(7140)
    stack.speaker().send("refreshConnection", sessionId=session_id, role="speaker")
    stack.clock.advance(60)

    stack.sweep()

    assert stack.session_item(session_id)["isActive"] is True


def test_a_connection_that_fails_is_left_to_the_next_run_and_stops_no_other(stack: Stack) -> None:
    speaker, session_id = stack.session()
    silent = [stack.listener(session_id) for _ in range(3)]
    silence(stack, 120, speaker)
    stack.database.fail("TransactWriteItems", ServiceDown("500"), silent[1].connection_id)
    stack.database.fail("GetItem", ServiceDown("500"), silent[2].connection_id)

    stack.sweep()
    left = {each["connectionId"] for each in stack.items("connections")}
    assert left == ids([speaker, *silent[1:]])
    assert stack.counts(session_id)[0] == 2
    stack.clock.advance(15)
    stack.sweep()

    assert stack.counts(session_id) == (0, {})


def test_a_sweep_and_a_job_in_one_second_close_a_silent_speaker_once(stack: Stack) -> None:
    speaker, session_id = stack.session()
    listener = stack.listener(session_id)
    silence(stack, 120, listener)
    job = {"kind": "closeDue", "connections": [speaker.connection_id]}
    stack.database.before("UpdateItem", lambda: stack.run_job(job), concerns="closingAt")
    heard = speaker.received

    assert stack.sweep()["closed"] == 0

    assert [each["type"] for each in heard] == ["connectionTimeout"]
    assert [each["type"] for each in listener.received] == ["speakerReconnecting"]

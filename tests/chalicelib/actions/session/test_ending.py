"""The end of a session: everybody is told and dismissed, even if a process dies on the way."""

from typing import Any

import pytest

from chalicelib.domain.types import ConnectionId, Millis, SessionId
from chalicelib.errors import ServiceDown, UpstreamError
from chalicelib.protocol.jobs import Counts, EndGrace, FinishEnd, RepairCounts
from tests.aws import Aws
from tests.crowd import crowd
from tests.stack import Client, Stack

HEARD = "sessionEnded"
LANGUAGES = ("es", "fr", "de")


def told(stack: Stack) -> set[str]:
    """Every socket that has had its sessionEnded."""
    return {
        connection_id
        for connection_id, messages in stack.sockets.open.items()
        if any(message["type"] == HEARD for message in messages)
    }


def ids(clients: list[Client]) -> set[str]:
    return {client.connection_id for client in clients}


def everything_is_over(stack: Stack, session_id: str) -> bool:
    item = stack.session_item(session_id)
    return (
        not item["isActive"]
        and stack.counts(session_id) == (0, {})
        and not [each for each in stack.items("connections") if "sessionId" in each]
    )


@pytest.mark.parametrize("listeners", [0, 1, 500])
def test_a_speakers_close_tells_everybody_and_empties_the_session_at_once(
    stack: Stack, listeners: int
) -> None:
    speaker, session_id = stack.session()
    room = ids(crowd(stack, session_id, listeners, LANGUAGES))

    speaker.close()

    assert told(stack) == room
    assert everything_is_over(stack, session_id)


def test_more_than_the_inline_limit_are_told_of_the_end_by_a_job(stack: Stack) -> None:
    speaker, session_id = stack.session()
    room = ids(crowd(stack, session_id, 1200, LANGUAGES))

    speaker.close()
    assert told(stack) == set()
    stack.run_jobs()

    assert told(stack) == room
    assert everything_is_over(stack, session_id)


def test_killed_after_the_conditional_update_it_is_finished_by_the_stream(stack: Stack) -> None:
    speaker, session_id = stack.session()
    room = ids(crowd(stack, session_id, 1200, LANGUAGES))
    with stack.outside.killed_after(3):
        speaker.close()
    assert stack.session_item(session_id)["isActive"] is False
    assert told(stack) == set()

    stack.run_changes()
    stack.run_jobs()

    assert told(stack) == room
    assert everything_is_over(stack, session_id)


@pytest.mark.parametrize(("how", "calls"), [("endSession", 0), ("close", 0), ("expiry", 17)])
def test_killed_between_any_two_calls_an_end_is_an_end(stack: Stack, how: str, calls: int) -> None:
    """One session after the other ends, its process killed one call later each time.

    The sweep's first 17 calls are its lease and a look into each shard of the active sessions.
    """
    first, survived = calls, False
    while not survived:
        speaker, session_id = stack.session()
        room = [stack.listener(session_id, language) for language in ("es", "fr", "es")]
        with stack.outside.counted() as made, stack.outside.killed_after(calls):
            end(stack, speaker, how)
        survived = len(made) < calls
        calls += 1

        recover(stack, session_id)

        if stack.session_item(session_id)["isActive"]:  # it died before it could end anything
            assert stack.counts(session_id) == (3, {"es": 2, "fr": 1})
            end(stack, speaker, how)
            recover(stack, session_id)
        assert everything_is_over(stack, session_id), calls
        assert ids(room) <= told(stack), calls
        for client in [speaker, *room]:
            client.close()
    assert calls > first + 8


def end(stack: Stack, speaker: Client, how: str) -> None:
    if how == "endSession":
        speaker.send("endSession")
    elif how == "close":
        speaker.disconnect_event(1000)
    else:
        # Everybody is heard of until the last minute.
        stack.clock.advance(7200)
        for item in stack.items("connections"):
            stack.services.connections.record_activity(item["connectionId"], stack.clock.now)
        stack.sweep()


def recover(stack: Stack, session_id: str) -> None:
    """Run what runs anyway: the stream and the queue, then the sweep."""
    stack.run_changes()
    stack.advance(2)
    if not everything_is_over(stack, session_id):
        stack.advance(60)
        stack.sweep()


def test_a_listener_that_joined_by_its_url_is_told_once_its_socket_is_open(stack: Stack) -> None:
    speaker, session_id = stack.session()
    opening = stack.connect(f"action=joinSession&sessionId={session_id}&targetLanguage=es")

    speaker.send("endSession")
    assert opening.received == []
    stack.run_jobs()
    stack.advance(2)

    assert opening.received[0]["type"] == HEARD
    assert everything_is_over(stack, session_id)


@pytest.mark.parametrize("token", [False, True])
def test_a_listener_stays_when_its_session_ends_and_joins_the_next_one(
    stack: Stack, token: bool
) -> None:
    speaker, session_id = stack.session()
    listener = stack.connect(f"token={stack.token('lisa')}" if token else "")
    listener.send("joinSession", sessionId=session_id, targetLanguage="es")
    speaker.send("endSession")

    refused = [listener.send("leaveSession"), listener.send("changeLanguage", targetLanguage="fr")]
    refused.append(listener.send("joinSession", sessionId=session_id, targetLanguage="es"))
    alive = listener.send("heartbeat")
    _, following = stack.session("berta")
    joined = listener.send("joinSession", sessionId=following, targetLanguage="fr")

    assert [(each["status"], each["code"]) for each in refused] == [(404, "SESSION_INACTIVE")] * 3
    assert (alive["type"], joined["type"]) == ("heartbeatAck", "sessionJoined")
    assert stack.counts(following) == (1, {"fr": 1})
    assert listener.send("leaveSession")["type"] == "sessionLeft"
    assert listener.send("leaveSession")["code"] == "NOT_IN_SESSION"


def test_a_listener_that_stays_silent_after_the_end_is_closed_by_the_sweep(stack: Stack) -> None:
    speaker, session_id = stack.session()
    listener = stack.listener(session_id)
    heard = listener.received
    speaker.close()

    stack.advance(121)
    stack.sweep()

    assert [each["type"] for each in heard] == [HEARD, "connectionTimeout"]
    assert listener.connection_id not in stack.sockets.open
    assert stack.items("connections") == []


def test_no_attachment_of_an_ended_session_follows_into_the_next(stack: Stack) -> None:
    speaker, session_id = stack.session(tenant="acme")
    _, following = stack.session("berta", "globex")
    listener = stack.listener(session_id)
    listener.send("subscribe", topic="questions")
    submitted = listener.send("submitRequest", request="sessionReport")
    speaker.send("endSession")

    listener.send("joinSession", sessionId=following, targetLanguage="es")
    stack.run_jobs()

    assert stack.items("subscriptions") == []
    request = stack.item("requests", requestId=submitted["requestId"])
    assert request is not None
    assert request["status"] == "cancelled"
    assert "requestCompleted" not in [each["type"] for each in listener.received]


def test_a_listener_that_enters_another_session_meanwhile_stays_there(stack: Stack) -> None:
    speaker, session_id = stack.session()
    _, elsewhere = stack.session("berta")
    leaving, staying = stack.listener(session_id), stack.listener(session_id)

    def go() -> None:
        leaving.send("leaveSession")
        leaving.send("joinSession", sessionId=elsewhere, targetLanguage="es")

    stack.database.before("TransactWriteItems", go)
    speaker.send("endSession")

    assert staying.received[-1]["type"] == HEARD
    assert stack.counts(session_id) == (0, {})
    assert stack.counts(elsewhere) == (1, {"es": 1})


def test_a_socket_that_never_opens_does_not_keep_the_end_waiting_for_ever(stack: Stack) -> None:
    speaker, session_id = stack.session()
    opening = stack.connect(f"action=joinSession&sessionId={session_id}&targetLanguage=es")
    opening.close(lost=True)
    stack.jobs.waiting.clear()

    speaker.send("endSession")
    for _ in range(31):
        stack.advance(2)

    assert everything_is_over(stack, session_id)
    assert stack.jobs.waiting == []


def test_a_slow_listener_is_told_later(stack: Stack) -> None:
    speaker, session_id = stack.session()
    slow, quick = stack.listener(session_id), stack.listener(session_id)
    stack.sockets.slow.add(slow.connection_id)

    speaker.send("endSession")
    assert told(stack) == {quick.connection_id}
    stack.sockets.slow.clear()
    stack.advance(2)

    assert slow.connection_id in told(stack)
    assert everything_is_over(stack, session_id)


def test_a_listener_that_cannot_be_reached_for_minutes_is_told_when_it_can(stack: Stack) -> None:
    speaker, session_id = stack.session()
    listener = stack.listener(session_id)
    stack.sockets.slow.add(listener.connection_id)
    speaker.send("endSession")

    with stack.outside.counted() as calls:
        for _ in range(300):
            stack.advance(1)
    assert told(stack) == set()
    stack.sockets.slow.clear()
    for _ in range(60):
        stack.advance(1)

    assert told(stack) == {listener.connection_id}
    assert everything_is_over(stack, session_id)
    assert calls.count("post") < 40


def test_a_room_of_more_languages_than_one_update_can_name(stack: Stack) -> None:
    speaker, session_id = stack.session()
    languages = [f"{a}{b}" for a in "abcdefgh" for b in "abcdefgh"]
    crowd(stack, session_id, 64, languages)

    with stack.outside.counted() as calls:
        speaker.close()

    assert everything_is_over(stack, session_id)
    assert calls.count("TransactWriteItems") == 3


def test_a_listener_that_leaves_meanwhile_does_not_hold_up_the_others(stack: Stack) -> None:
    speaker, session_id = stack.session()
    leaving, staying = stack.listener(session_id), stack.listener(session_id)
    stack.database.before("TransactWriteItems", leaving.close)

    speaker.send("endSession")

    assert staying.received[-1]["type"] == HEARD
    assert everything_is_over(stack, session_id)


def test_what_does_not_fit_in_the_time_is_left_to_a_job(stack: Stack) -> None:
    speaker, session_id = stack.session()
    listener = stack.listener(session_id)
    stack.context.seconds = 2.0

    speaker.send("endSession")
    assert listener.received == []
    stack.context.seconds = 30.0
    stack.advance(2)

    assert listener.received[-1]["type"] == HEARD
    assert everything_is_over(stack, session_id)


def test_a_clean_up_that_fails_comes_again_with_the_stream(stack: Stack) -> None:
    speaker, session_id = stack.session()
    stack.listener(session_id)
    stack.database.fail("Query", ServiceDown("500"))

    assert speaker.send("endSession")["status"] == 503
    stack.run_changes()

    assert everything_is_over(stack, session_id)


@pytest.mark.parametrize("error", [ServiceDown("500")])
def test_a_batch_of_the_stream_comes_again_from_where_it_failed(
    stack: Stack, error: UpstreamError
) -> None:
    speaker, session_id = stack.session()
    stack.listener(session_id)
    stack.run_changes()
    with stack.outside.killed_after(3):
        speaker.disconnect_event(1000)
    stack.database.fail("Query", error)

    (failed,) = stack.changes_that_fail()

    assert failed["itemIdentifier"] == stack.aws.session_changes[-1]["dynamodb"]["SequenceNumber"]
    stack.run_changes()
    assert everything_is_over(stack, session_id)


def test_nothing_is_left_to_do_for_a_session_that_is_gone(aws: Aws) -> None:
    stack = Stack(aws)
    _, session_id = stack.session()
    session = SessionId(session_id)
    key: dict[str, Any] = {"sessionId": {"S": session_id}}
    aws.dynamodb.delete_item(TableName=aws.tables["sessions"], Key=key)

    stack.jobs.send(FinishEnd(session_id=session))
    stack.jobs.send(EndGrace(session_id=session, deadline=Millis(1)))
    counts = Counts(listener_count=0, language_counts={}, joins=0)
    stack.jobs.send(RepairCounts(session_id=session, found={}, counted=counts))
    stack.run_jobs(times=2)

    assert stack.items("sessions") == []


def test_a_speaker_that_is_gone_when_it_is_told_is_cleaned_up(stack: Stack) -> None:
    speaker, session_id = stack.session()
    stack.clock.advance(7201)
    stack.services.connections.record_activity(ConnectionId(speaker.connection_id), stack.clock.now)
    stack.sockets.open.clear()

    stack.sweep()

    assert everything_is_over(stack, session_id)
    assert stack.items("connections") == []

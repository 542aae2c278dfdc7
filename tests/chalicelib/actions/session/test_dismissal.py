"""Every listener is told of the end of its session, and is dismissed from it."""

import pytest

from chalicelib.errors import TransactionCancelled
from tests.aws import Aws
from tests.chalicelib.actions.session.endings import HEARD, everything_is_over, told
from tests.crowd import crowd
from tests.stack import Stack


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


def test_a_room_of_more_languages_than_one_update_can_name(aws: Aws) -> None:
    stack = Stack(aws, MAX_LISTENERS_PER_SESSION="50")
    speaker, session_id = stack.session()
    languages = [f"{a}{b}" for a in "abcdefgh" for b in "abcdefgh"]
    crowd(stack, session_id, 50, languages)

    with stack.outside.counted() as calls:
        speaker.close()

    assert everything_is_over(stack, session_id)
    assert calls.count("TransactWriteItems") == 2


def test_of_a_batch_those_are_dismissed_that_have_not_left_meanwhile(aws: Aws) -> None:
    stack = Stack(aws, MAX_LISTENERS_PER_SESSION="50")
    speaker, session_id = stack.session()
    listeners = crowd(stack, session_id, 20)
    stack.database.before("TransactWriteItems", listeners[7].close)
    stack.database.before("TransactWriteItems", listeners[3].close)

    with stack.outside.counted() as calls:
        speaker.send("endSession")

    assert everything_is_over(stack, session_id)
    assert calls.count("TransactWriteItems") == 4


def test_a_batch_that_meets_other_transactions_is_dismissed_later(stack: Stack) -> None:
    speaker, session_id = stack.session()
    crowd(stack, session_id, 40)
    conflict = TransactionCancelled(["TransactionConflict"])
    stack.database.fail("TransactWriteItems", conflict)

    speaker.send("endSession")
    assert stack.counts(session_id)[0] in (2, 3)
    stack.advance(2)

    assert everything_is_over(stack, session_id)


def test_who_joins_between_the_end_and_the_closing_of_the_counts_is_told(stack: Stack) -> None:
    speaker, session_id = stack.session()
    late = stack.connect()

    def join() -> None:
        stack.change_session(session_id, isActive=True)  # as it was when the join read it
        late.send("joinSession", sessionId=session_id, targetLanguage="es")
        stack.change_session(session_id, isActive=False)

    stack.database.before("UpdateItem", join, '"shard"')
    speaker.send("endSession")
    stack.advance(2)

    assert late.replies[0]["type"] == "sessionJoined"
    assert late.received[-1]["type"] == HEARD
    assert everything_is_over(stack, session_id)

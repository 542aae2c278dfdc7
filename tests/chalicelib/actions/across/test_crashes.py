"""Leaves, disconnects and ends that die or fail on the way, beyond the crash matrix."""

from functools import partial
from typing import Any

import pytest

from chalicelib.domain.types import SessionId
from chalicelib.errors import ServiceDown
from tests.stack import Stack


def counted_rightly(stack: Stack, session_id: str) -> bool:
    """Return whether the counts match the connections."""
    found: dict[str, int] = {}
    for item in stack.items("connections"):
        if item.get("sessionId") == session_id and "targetLanguage" in item:
            found[item["targetLanguage"]] = found.get(item["targetLanguage"], 0) + 1
    return stack.counts(session_id) == (sum(found.values()), found)


def test_a_disconnect_that_died_leaves_no_subscription_behind(stack: Stack) -> None:
    speaker, session_id = stack.session()
    calls, survived = 0, False
    while not survived:
        listener = stack.listener(session_id)
        listener.send("subscribe", topic="questions")
        with stack.outside.counted() as made, stack.outside.killed_after(calls):
            listener.close(1006)
        survived = len(made) < calls
        calls += 1
        stack.sockets.open.pop(listener.connection_id, None)
    stack.clock.advance(60)
    speaker.send("heartbeat")
    stack.clock.advance(60)

    stack.sweep()

    assert stack.items("subscriptions") == []
    assert stack.counts(session_id) == (0, {})


def test_a_subscription_without_a_connection_is_found_when_it_is_posted_to(stack: Stack) -> None:
    speaker, session_id = stack.session()
    listener = stack.listener(session_id)
    listener.send("subscribe", topic="questions")
    stack.sockets.open.pop(listener.connection_id)
    stack.delete("connections", connectionId=listener.connection_id)

    speaker.send("publish", topic="questions", data=1)

    assert stack.items("subscriptions") == []


@pytest.mark.parametrize(
    ("operation", "concerns", "part"),
    [
        ("GetItem", "", "read"),
        ("UpdateItem", "graceDeadline", "session"),
        ("Query", "subscriptions", "belongings"),
        ("DeleteItem", "", "connection"),
    ],
)
def test_an_error_in_one_part_of_a_disconnect_stops_no_other(
    stack: Stack, operation: Any, concerns: str, part: str
) -> None:
    speaker, _ = stack.session()
    stack.database.fail(operation, ServiceDown("500"), concerns)

    assert speaker.disconnect_event(1006) == {"statusCode": 200}

    parts = [line["part"] for line in stack.events() if line.get("event") == "disconnectPartFailed"]
    assert parts == [part]
    kept = part in ("read", "session", "connection")
    assert (speaker.item is not None) is kept
    speaker.disconnect_event(1006)
    assert speaker.item is None


def test_an_error_in_the_metrics_of_a_disconnect_stops_nothing(stack: Stack) -> None:
    _, session_id = stack.session()
    listener = stack.listener(session_id)
    stack.database.fail("GetItem", ServiceDown("500"), concerns="sessions")

    listener.close()

    assert listener.item is None
    assert stack.counts(session_id) == (0, {})


def test_an_unexpected_error_of_a_disconnect_is_200_too(stack: Stack) -> None:
    speaker, _ = stack.session()
    stack.database.fail("GetItem", ZeroDivisionError())

    assert speaker.disconnect_event() == {"statusCode": 200}
    assert any(line.get("event") == "disconnectFailed" for line in stack.events())


def test_a_queue_that_is_down_does_not_cost_the_grace_period(stack: Stack) -> None:
    speaker, session_id = stack.session()
    listener = stack.listener(session_id)
    stack.jobs.broken = True

    speaker.close(1006)
    stack.clock.advance(16)
    stack.sweep()

    assert [each["type"] for each in listener.received] == ["speakerReconnecting", "sessionEnded"]


def test_the_same_drop_twice_does_not_prolong_the_grace(stack: Stack) -> None:
    speaker, session_id = stack.session()
    with stack.outside.killed_after(4):
        speaker.close(1006)
    deadline = stack.session_item(session_id)["graceDeadline"]
    stack.clock.advance(5)

    speaker.disconnect_event(1006)

    assert stack.session_item(session_id)["graceDeadline"] == deadline
    stack.advance(15)
    assert stack.session_item(session_id)["isActive"] is False


def test_a_leave_whose_connection_keeps_changing_says_so(stack: Stack) -> None:
    _, session_id = stack.session()
    listener = stack.listener(session_id, "es")

    def change(language: str) -> None:
        current = stack.services.connections.get_current(listener.connection_id)
        session = stack.services.sessions.get(SessionId(session_id))
        assert current is not None
        assert session is not None
        stack.services.membership.change_language(current, language, session)

    for language in ("fr", "de", "fr", "de"):
        stack.database.before("TransactWriteItems", partial(change, language))
        stack.database.before("TransactWriteItems", lambda: None)  # the change's own

    reply = listener.send("leaveSession")

    assert (reply["status"], reply["code"]) == (503, "SERVICE_UNAVAILABLE")
    assert counted_rightly(stack, session_id)
    assert listener.send("leaveSession")["type"] == "sessionLeft"
    assert stack.counts(session_id) == (0, {})


@pytest.mark.parametrize("how", ["leaveSession", "close"])
def test_counts_that_were_wrong_already_never_go_below_zero(stack: Stack, how: str) -> None:
    _, session_id = stack.session()
    listener = stack.listener(session_id)
    assert listener.item is not None
    shard = listener.item["shard"]
    stack.change_shard(session_id, shard, listenerCount=0, languageCounts={"es": 0})

    if how == "close":
        listener.close()
    else:
        assert listener.send("leaveSession")["type"] == "sessionLeft"

    assert stack.counts(session_id) == (0, {})
    assert any(line.get("event") == "leftWithoutCount" for line in stack.events())


def test_a_connection_with_a_pending_handshake_is_not_taken_for_gone(stack: Stack) -> None:
    _, session_id = stack.session()
    listener = stack.listener(session_id)
    stack.sockets.open.pop(listener.connection_id)
    on_gone = stack.services.on_gone

    on_gone(stack.services, listener.connection_id)
    assert stack.counts(session_id) == (1, {"es": 1})
    stack.clock.advance(30)
    on_gone(stack.services, listener.connection_id)

    assert stack.counts(session_id) == (0, {})


def test_an_interrupted_end_is_finished_even_if_the_stream_gives_up(stack: Stack) -> None:
    calls, survived = 0, False
    while not survived:
        speaker, session_id = stack.session()
        listener = stack.listener(session_id)
        with stack.outside.counted() as made, stack.outside.killed_after(calls):
            speaker.send("endSession")
        survived = len(made) < calls
        calls += 1

        stack.advance(120)

        if stack.session_item(session_id)["isActive"]:
            assert speaker.send("endSession")["type"] == "sessionEnded"
        assert listener.of_type("sessionEnded"), calls
        assert stack.counts(session_id) == (0, {})
    assert calls > 6

"""The cost of each action: its calls to AWS, counted. A change here changes the bill."""

from collections import Counter
from collections.abc import Callable

import pytest

from tests.aws import Aws
from tests.stack import Client, Stack


def cost(stack: Stack, act: Callable[[], object]) -> Counter[str]:
    with stack.outside.counted() as calls:
        act()
    return Counter(calls)


def trips(stack: Stack, act: Callable[[], object]) -> list[list[str]]:
    """Return the calls of each round trip: those that go out together share one."""
    with stack.outside.counted_trips() as found:
        act()
    return found


def test_a_heartbeat_is_one_write_that_reads_too(stack: Stack) -> None:
    _, session_id = stack.session()
    listener = stack.listener(session_id)
    stack.clock.advance(50)

    assert cost(stack, lambda: listener.send("heartbeat")) == {"UpdateItem": 1}
    with_seq = cost(stack, lambda: listener.send("heartbeat", wantSeq=True))
    assert with_seq == {"UpdateItem": 1, "GetItem": 1}


def test_activity_is_written_at_most_once_in_five_seconds_but_by_heartbeats(stack: Stack) -> None:
    _, session_id = stack.session()
    listener = stack.listener(session_id)

    def recover(seconds: float) -> int:
        stack.clock.advance(seconds)
        return cost(stack, lambda: listener.send("recover", lastSeq={}))["UpdateItem"]

    assert [recover(seconds) for seconds in (50, 2, 2, 2, 6, 1)] == [1, 0, 0, 1, 1, 0]


def test_round_trips_of_a_handshake(stack: Stack) -> None:
    assert trips(stack, stack.connect) == [["UpdateItem", "PutItem"]]
    assert trips(stack, stack.speaker) == [["UpdateItem", "PutItem", "GetItem"]]


def test_round_trips_of_a_heartbeat(stack: Stack) -> None:
    _, session_id = stack.session()
    listener = stack.listener(session_id)
    stack.clock.advance(50)

    assert len(trips(stack, lambda: listener.send("heartbeat"))) == 1
    assert len(trips(stack, lambda: listener.send("heartbeat", wantSeq=True))) == 2


def test_round_trips_of_a_listeners_close(stack: Stack) -> None:
    _, session_id = stack.session()
    listener = stack.listener(session_id)

    assert trips(stack, listener.close) == [
        ["GetItem", "Query", "Query"],  # the connection, its topics and its requests
        ["GetItem"],  # the session, for the log's count of messages sent
        ["TransactWriteItems"],
    ]
    assert trips(stack, listener.disconnect_event) == [["GetItem", "Query", "Query"]]


@pytest.mark.parametrize("language", [{}, {"targetLanguage": "es"}])
def test_round_trips_of_a_broadcast(stack: Stack, language: dict[str, str]) -> None:
    """Which session a speaker has is known only by its connection; who owns it, by the update."""
    speaker, session_id = stack.session()
    for _ in range(3):
        stack.listener(session_id)
    stack.clock.advance(50)

    assert trips(stack, lambda: speaker.send("broadcast", data="hello", **language)) == [
        ["GetItem"],
        ["UpdateItem", "Query", "UpdateItem"],  # the seq, the listeners, the speaker's activity
        ["PutItem"],
        *[["post"]] * 3,
    ]


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        # The session is read for where its streams stand: that is what the listener was sent.
        ("leaveSession", {"GetItem": 2, "Query": 2, "TransactWriteItems": 1}),
        ("changeLanguage", {"GetItem": 2, "UpdateItem": 1, "TransactWriteItems": 1}),
    ],
)
def test_the_cost_of_each_listener_action(
    stack: Stack, action: str, expected: dict[str, int]
) -> None:
    _, session_id = stack.session()
    listener = stack.listener(session_id)
    fields = {"targetLanguage": "fr"} if action == "changeLanguage" else {}

    assert cost(stack, lambda: listener.send(action, **fields)) == expected


def test_the_cost_of_a_join(stack: Stack) -> None:
    _, session_id = stack.session()
    listener = stack.connect()
    fields = {"sessionId": session_id, "targetLanguage": "es"}

    # The write of the try replaces the read of the connection.
    assert trips(stack, lambda: listener.send("joinSession", **fields)) == [
        ["UpdateItem"],  # the connection with the try
        ["GetItem"],  # the session
        ["UpdateItem"],  # the limit of the address
        ["TransactWriteItems"],
        # The session again: a change of its state since the first read went to those who were in
        # it, and no seq would show its absence.
        ["GetItem"],
    ]


def test_the_cost_of_a_handshake(stack: Stack) -> None:
    assert cost(stack, stack.connect) == {"UpdateItem": 1, "PutItem": 1}


def test_the_cost_of_a_disconnect(stack: Stack) -> None:
    _, session_id = stack.session()
    listener = stack.listener(session_id)

    # The session is read for the log's count of messages sent.
    assert cost(stack, listener.close) == {"GetItem": 2, "Query": 2, "TransactWriteItems": 1}
    assert cost(stack, listener.disconnect_event) == {"GetItem": 1, "Query": 2}


@pytest.mark.parametrize("listeners", [1, 3])
def test_the_end_of_a_small_session_costs_one_transaction(aws: Aws, listeners: int) -> None:
    stack = Stack(aws, MAX_LISTENERS_PER_SESSION="50")
    speaker, session_id = stack.session()
    room: list[Client] = [stack.listener(session_id) for _ in range(listeners)]

    calls = cost(stack, lambda: speaker.send("endSession"))

    assert calls.pop("post") == len(room)
    assert calls == {
        "GetItem": 3,
        "UpdateItem": 3,
        "Query": 3,  # the counts before and after, and the listeners
        "BatchGetItem": 1,  # what the log says of each
        "TransactWriteItems": 1,
        "send": 1,  # should this process die on the way, and the stream's as well
    }

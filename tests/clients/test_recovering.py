"""The Python SDK: missing broadcasts are recovered, or become a gap."""

from typing import Any

from tests.clients.stack import FakeStack, broadcast, data, error, record

Message = dict[str, Any]


async def test_a_client_that_is_behind_recovers() -> None:
    stack = FakeStack()
    session = await stack.listener()
    seen = record(session, "broadcast")
    ack = {"type": "heartbeatAck", "heartbeatInterval": 50, "lastSeq": {"es": 2}}
    stack.replies["heartbeat"] = ack
    missed = [broadcast(1), broadcast(2)]
    stack.replies["recover"] = {"type": "recovered", "lastSeq": {"es": 2}, "missed": missed}
    await stack.clock.advance(51)
    assert [asked["lastSeq"] for asked in stack.socket.requests("recover")] == [{"*": 0, "es": 0}]
    assert data(seen) == ["es 1", "es 2"]


async def test_recovery_goes_on_until_every_broadcast_has_arrived() -> None:
    stack = FakeStack()
    session = await stack.listener()
    seen = record(session, "broadcast", "gap")
    stack.socket.deliver(broadcast(7))

    def recover(request: Message, _: object) -> Message:
        first = request["lastSeq"]["es"] + 1
        missed = [broadcast(first), broadcast(first + 1)]
        return {
            "type": "recovered",
            "lastSeq": {"es": 7},
            "missed": missed,
            "gap": first + 1 < 7,
        }

    stack.replies["recover"] = recover
    await stack.clock.advance(2)
    assert [event["seq"] for event in seen] == [1, 2, 3, 4, 5, 6, 7]


async def test_a_gap_event_comes_between_the_broadcasts_around_it() -> None:
    stack = FakeStack()
    session = await stack.listener()
    seen = record(session, "broadcast", "gap")
    stack.socket.deliver(broadcast(1))
    stack.socket.deliver(broadcast(5))
    missed = [broadcast(4), broadcast(5)]
    recovered = {"type": "recovered", "lastSeq": {"es": 5}, "missed": missed, "gap": True}
    stack.replies["recover"] = recovered
    await stack.clock.advance(1)
    assert [event.get("seq", (event.get("first"), event.get("last"))) for event in seen] == [
        1,
        (2, 3),
        4,
        5,
    ]


async def test_a_refused_recovery_is_retried_after_retry_after() -> None:
    stack = FakeStack()
    await stack.listener()
    stack.replies["recover"] = error(429, "RATE_LIMITED", retryAfter=9)
    stack.socket.deliver(broadcast(3))
    await stack.clock.advance(9)
    assert len(stack.socket.requests("recover")) == 1
    await stack.clock.advance(2)
    assert len(stack.socket.requests("recover")) == 2

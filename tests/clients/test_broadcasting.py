"""The Python SDK: the outbox of a speaker's broadcasts."""

import asyncio
from typing import Any

import pytest

from lectern_client import LecternError, SpeakerSession
from tests.clients.stack import FakeStack, data, error, settle

Message = dict[str, Any]


def accept(stack: FakeStack, request: Message, seq: int) -> None:
    stream = request.get("targetLanguage", "*")
    reply = {"type": "broadcastAccepted", "stream": stream, "seq": seq, "recipients": 1}
    stack.socket.deliver({"id": request["id"], **reply})


def start(session: SpeakerSession, *broadcasts: tuple[Any, str | None]) -> list[Any]:
    return [
        asyncio.ensure_future(session.broadcast(data, target_language=language))
        for data, language in broadcasts
    ]


async def test_a_stream_has_one_broadcast_in_flight_so_that_order_is_kept() -> None:
    stack = FakeStack()
    session = await stack.speaker()
    replies = start(session, (1, "es"), (2, "es"), ("all", None))
    await settle()
    sent = stack.socket.requests("broadcast")
    assert data(sent) == [1, "all"]
    accept(stack, sent[0], 1)
    accept(stack, sent[1], 1)
    await settle()
    accept(stack, stack.socket.requests("broadcast")[2], 2)
    assert [(await reply)["seq"] for reply in replies] == [1, 2, 1]


async def test_broadcasts_in_flight_and_waiting_are_limited() -> None:
    stack = FakeStack()
    session = await stack.speaker(max_in_flight=2, max_queued=3)
    waiting = start(session, (1, "es"), (1, "fr"), (1, "de"))
    await settle()
    assert len(stack.socket.requests("broadcast")) == 2
    with pytest.raises(LecternError, match="TOO_MANY_QUEUED"):
        await session.broadcast(1)
    await session.close()
    for outcome in await asyncio.gather(*waiting, return_exceptions=True):
        assert isinstance(outcome, LecternError)
        assert outcome.code == "CLOSED"


async def test_a_broadcast_too_large_for_the_gateway_is_not_sent() -> None:
    stack = FakeStack()
    session = await stack.speaker()
    with pytest.raises(LecternError, match="PAYLOAD_TOO_LARGE"):
        await session.broadcast("x" * 128 * 1024)
    assert stack.socket.requests("broadcast") == []


async def test_429_is_retried_and_holds_back_later_broadcasts_of_the_stream() -> None:
    stack = FakeStack()
    session = await stack.speaker()
    stack.replies["broadcast"] = error(429, "RATE_LIMITED", retryAfter=2)
    replies = start(session, ("first", None), ("second", None))
    await settle()
    stack.replies["broadcast"] = None
    await stack.clock.advance(1.9)
    assert data(stack.socket.requests("broadcast")) == ["first"]
    await stack.clock.advance(2)
    assert data(stack.socket.requests("broadcast")) == ["first", "first"]
    for seq in (1, 2):
        accept(stack, stack.socket.requests("broadcast")[-1], seq)
        await settle()
    assert [(await reply)["seq"] for reply in replies] == [1, 2]


async def test_a_permanent_refusal_is_raised_at_once() -> None:
    stack = FakeStack()
    session = await stack.speaker()
    stack.replies["broadcast"] = error(409, "BROADCAST_PAUSED")
    with pytest.raises(LecternError, match="BROADCAST_PAUSED") as refusal:
        await session.broadcast(1)
    assert not refusal.value.retryable


async def test_a_lost_reply_after_a_failure_that_may_have_used_a_seq_is_an_error() -> None:
    stack = FakeStack()
    session = await stack.speaker()
    stack.replies["broadcast"] = error(500, "INTERNAL_ERROR", correlationId="c")
    with pytest.raises(LecternError, match="INTERNAL_ERROR"):
        await session.broadcast("one")
    stack.replies["broadcast"] = None
    (second,) = start(session, ("two", None))
    await settle()
    stack.last_seq = {"*": 1}
    stack.socket.drop()
    await stack.clock.advance(1)
    with pytest.raises(LecternError, match="CONNECTION_LOST"):
        await second
    assert stack.socket.requests("broadcast") == []

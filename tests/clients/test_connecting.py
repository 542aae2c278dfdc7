"""The Python SDK: opening a session, and iterating over it."""

import asyncio
from typing import Any

import pytest

from lectern_client import LecternError, resume_session
from tests.clients.stack import (
    SESSION,
    FakeSocket,
    FakeStack,
    broadcast,
    data,
    error,
    record,
    settle,
)


async def test_a_listener_joins_by_a_message_and_without_a_token() -> None:
    stack = FakeStack()
    session = await stack.listener()
    assert (stack.socket.url, stack.socket.token) == ("ws://stack/local?role=listener", None)
    (join,) = stack.socket.requests("joinSession")
    assert (join["sessionId"], join["targetLanguage"]) == (SESSION, "es")
    assert (session.state, session.source_language, session.target_language) == ("open", "en", "es")
    assert session.last_seq == {"*": 0, "es": 0}


async def test_a_token_may_come_from_a_callback() -> None:
    stack = FakeStack()

    async def token() -> str:
        return "fresh"

    session = await stack.speaker(token)
    assert (stack.socket.url, stack.socket.token) == ("ws://stack/local?role=speaker", "fresh")
    assert session.session_id == SESSION


async def test_a_refused_action_raises_every_field_of_the_error() -> None:
    stack = FakeStack()
    details = [{"field": "sessionId", "problem": "malformed"}]
    stack.replies["joinSession"] = error(400, "INVALID_MESSAGE", details=details)
    with pytest.raises(LecternError) as refusal:
        await stack.listener()
    problem = refusal.value
    assert (problem.code, problem.status, problem.retryable) == ("INVALID_MESSAGE", 400, False)
    assert problem.details == tuple(details)
    assert stack.socket.closed_with is not None


async def test_a_full_session_is_retried_after_retry_after() -> None:
    stack = FakeStack()
    join = stack.replies["joinSession"]
    stack.replies["joinSession"] = error(503, "SESSION_FULL", retryAfter=7)
    joining = asyncio.ensure_future(stack.listener())
    await stack.clock.advance(6.9)
    assert stack.attempts == 1
    stack.replies["joinSession"] = join
    await stack.clock.advance(1)
    assert (await joining).state == "open"
    assert stack.attempts == 2


async def test_a_permanently_refused_handshake_is_not_retried() -> None:
    stack = FakeStack()
    stack.refusal = LecternError("HANDSHAKE_REFUSED", status=401)
    with pytest.raises(LecternError, match="HANDSHAKE_REFUSED"):
        await stack.speaker()
    assert stack.attempts == 1


async def test_an_unreachable_stack_is_tried_connect_attempts_times() -> None:
    stack = FakeStack()
    stack.refusal = LecternError("CONNECTION_FAILED")
    joining = asyncio.ensure_future(stack.listener(connect_attempts=3))
    await stack.clock.advance(60)
    with pytest.raises(LecternError, match="CONNECTION_FAILED"):
        await joining
    assert stack.attempts == 3


async def test_a_cancelled_attempt_leaves_no_socket_open() -> None:
    stack = FakeStack()
    stack.replies["joinSession"] = None
    joining = asyncio.ensure_future(stack.listener())
    await settle()
    joining.cancel()
    with pytest.raises(asyncio.CancelledError):
        await joining
    assert stack.socket.closed_with is not None


async def test_broadcasts_before_the_first_handler_are_kept() -> None:
    stack = FakeStack()
    stack.last_seq = {"*": 0, "es": 5}

    def join(request: dict[str, Any], socket: FakeSocket) -> dict[str, Any]:
        socket.deliver(broadcast(6))
        return stack.joined(request, [broadcast(4), broadcast(5)])

    stack.replies["joinSession"] = join
    session = await stack.listener("kept", {"*": 0, "es": 3})
    await settle()
    assert data(record(session, "broadcast")) == ["es 4", "es 5", "es 6"]
    (request,) = stack.socket.requests("joinSession")
    assert (request["resumeToken"], request["lastSeq"]) == ("kept", {"*": 0, "es": 3})


async def test_a_session_is_iterated_until_it_ends() -> None:
    stack = FakeStack()
    session = await stack.listener()
    stack.socket.deliver(broadcast(1))

    async def read() -> list[int]:
        return [message["seq"] async for message in session]

    reading = asyncio.ensure_future(read())
    await settle()
    stack.socket.deliver(broadcast(2))
    stack.socket.deliver({"type": "sessionEnded", "sessionId": SESSION, "reason": "endedBySpeaker"})
    assert await reading == [1, 2]
    assert (session.state, session.close_reason) == ("closed", "endedBySpeaker")


async def test_a_slow_reader_loses_the_oldest_broadcasts_as_gaps() -> None:
    stack = FakeStack()
    session = await stack.listener(max_unread=2)
    gaps = record(session, "gap")
    for seq in (1, 2, 3):
        stack.socket.deliver(broadcast(seq))
    await settle()
    assert [(gap["first"], gap["last"]) for gap in gaps] == [(1, 1)]
    await session.close()
    assert [message["seq"] async for message in session] == [2, 3]


async def test_a_restarted_program_takes_over_its_session() -> None:
    stack = FakeStack()
    session = await resume_session(
        "ws://stack/local", session_id=SESSION, token="jwt", options=stack.options()
    )
    (request,) = stack.socket.requests("refreshConnection")
    assert (request["sessionId"], request["role"]) == (SESSION, "speaker")
    assert session.state == "open"


async def test_leaving_the_context_manager_closes_the_session() -> None:
    stack = FakeStack()
    async with await stack.listener() as session:
        pass
    assert (session.state, stack.socket.closed_with) == ("closed", 1000)

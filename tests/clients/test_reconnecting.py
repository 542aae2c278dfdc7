"""The Python SDK: reconnecting after a lost connection."""

import asyncio

import pytest

from lectern_client import LecternError
from tests.clients.stack import SESSION, FakeStack, broadcast, data, error, record, settle


async def test_a_listener_that_lost_its_connection_continues_where_it_was() -> None:
    stack = FakeStack()
    session = await stack.listener()
    seen, states = record(session, "broadcast"), record(session, "state")
    stack.socket.deliver(broadcast(1))
    await settle()
    stack.last_seq = {"*": 0, "es": 3}
    missed = [broadcast(2), broadcast(3)]
    stack.replies["joinSession"] = lambda request, _: stack.joined(request, missed)
    stack.socket.drop()
    await stack.clock.advance(1)
    (request,) = stack.socket.requests("joinSession")
    assert (request["resumeToken"], request["lastSeq"]) == ("resume-1", {"*": 0, "es": 1})
    assert data(seen) == ["es 1", "es 2", "es 3"]
    assert [change["state"] for change in states] == ["reconnecting", "open"]


async def test_a_speaker_reconnects_by_taking_over_its_session_with_a_new_token() -> None:
    stack = FakeStack()
    tokens = iter(["first", "second"])
    session = await stack.speaker(lambda: next(tokens))
    stack.socket.drop()
    await stack.clock.advance(1)
    (request,) = stack.socket.requests("refreshConnection")
    assert (request["role"], request["sessionId"]) == ("speaker", SESSION)
    assert (stack.socket.token, session.state) == ("second", "open")


async def test_backoff_grows_up_to_a_cap() -> None:
    stack = FakeStack()
    await stack.listener(random=lambda: 1.0)
    stack.refusal = LecternError("CONNECTION_FAILED")
    stack.socket.drop()
    counts = []
    for seconds in (0.4, 0.2, 1, 2, 4, 8, 16, 20, 20):
        await stack.clock.advance(seconds)
        counts.append(stack.attempts)
    assert counts == [1, 2, 3, 4, 5, 6, 7, 8, 9]


async def test_a_session_that_no_longer_exists_closes_with_the_error() -> None:
    stack = FakeStack()
    session = await stack.listener()
    stack.replies["joinSession"] = error(404, "SESSION_NOT_FOUND")
    stack.socket.drop()
    await settle()
    publishing = asyncio.ensure_future(session.publish("chat", 1))
    await stack.clock.advance(1)
    with pytest.raises(LecternError, match="SESSION_NOT_FOUND"):
        await publishing
    assert session.state == "closed"
    assert session.error is not None
    with pytest.raises(LecternError, match="CLOSED"):
        await session.publish("chat", 1)


async def test_a_refused_token_is_fetched_once_more_and_then_final() -> None:
    stack = FakeStack()
    asked: list[str] = []

    def token() -> str:
        asked.append("jwt")
        return "jwt"

    session = await stack.speaker(token)
    stack.refusal = LecternError("HANDSHAKE_REFUSED", status=401)
    stack.socket.drop()
    await stack.clock.advance(10)
    assert (len(asked), session.state) == (3, "closed")


async def test_a_listener_whose_resume_token_is_refused_joins_as_a_new_listener() -> None:
    stack = FakeStack()
    session = await stack.listener()
    stack.socket.deliver(broadcast(1))
    await settle()
    stack.replies["joinSession"] = lambda request, _: (
        error(401, "TOKEN_EXPIRED", action="joinSession")
        if "resumeToken" in request
        else stack.joined(request)
    )
    stack.socket.drop()
    await stack.clock.advance(2)
    assert session.state == "open"
    assert stack.socket.requests("joinSession")[0]["lastSeq"] == {"*": 0, "es": 1}

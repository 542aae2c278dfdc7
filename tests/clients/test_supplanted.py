"""The Python SDK: a connection that the stack has given up, or whose place another client has."""

import asyncio

import pytest

from lectern_client import LecternError
from tests.clients.stack import FakeStack, Message, error, settle

FORBIDDEN = error(403, "FORBIDDEN")


def stale(action: str) -> Message:
    return {**FORBIDDEN, "action": action}


async def test_the_refused_request_is_sent_again_on_the_new_connection() -> None:
    stack = FakeStack()
    session = await stack.speaker()
    stack.replies["broadcast"] = stale("broadcast")
    said = asyncio.ensure_future(session.broadcast("one"))
    await settle()
    accepted = {"type": "broadcastAccepted", "stream": "*", "seq": 1, "recipients": 3}
    stack.replies["broadcast"] = accepted
    await stack.clock.advance(2)
    assert (await said)["seq"] == 1
    assert session.state == "open"


async def test_a_place_that_is_taken_twice_is_given_up() -> None:
    stack = FakeStack()
    session = await stack.listener()
    stack.replies["heartbeat"] = stale("heartbeat")
    await stack.clock.advance(200)
    assert len(stack.sockets) == 2
    assert (session.state, session.close_reason) == ("closed", "replaced")
    assert session.error is not None
    assert session.error.code == "FORBIDDEN"
    with pytest.raises(LecternError, match="CLOSED"):
        await session.subscribe("chat")


async def test_after_a_refresh_the_session_may_return_again() -> None:
    stack = FakeStack()
    session = await stack.listener()
    replies = stack.replies["heartbeat"]
    for socket_count in (2, 4):
        stack.replies["heartbeat"] = stale("heartbeat")
        await stack.clock.advance(52)
        stack.replies["heartbeat"] = replies
        assert (session.state, len(stack.sockets)) == ("open", socket_count)
        session.refresh()
        await settle()


async def test_a_refused_token_of_another_user_closes_nothing() -> None:
    stack = FakeStack()
    session = await stack.speaker()
    stack.replies["authenticate"] = stale("authenticate")
    with pytest.raises(LecternError, match="FORBIDDEN"):
        await session.authenticate("another's")
    assert (session.state, len(stack.sockets)) == ("open", 1)

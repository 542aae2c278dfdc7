"""The Python SDK: requests, and background requests."""

import asyncio
from typing import Any

import pytest

from lectern_client import LecternError
from tests.clients.stack import (
    BROADCAST_STATE,
    SESSION,
    FakeSocket,
    FakeStack,
    broadcast,
    data,
    error,
    record,
    settle,
)

Message = dict[str, Any]


async def test_every_action_is_sent_by_its_name_and_returns_its_reply() -> None:
    stack = FakeStack()
    session = await stack.speaker()
    calls = {
        "pauseBroadcast": session.pause_broadcast(),
        "resumeBroadcast": session.resume_broadcast(),
        "muteBroadcast": session.mute_broadcast(),
        "unmuteBroadcast": session.unmute_broadcast(),
        "setVolume": session.set_volume(0.5),
        "getSessionStatus": session.get_session_status(),
        "subscribe": session.subscribe("chat"),
        "unsubscribe": session.unsubscribe("chat"),
        "publish": session.publish("chat", {"a": 1}),
        "cancelRequest": session.cancel_request("r1"),
        "authenticate": session.authenticate("jwt-2"),
        "heartbeat": session.heartbeat(),
    }
    for action, call in calls.items():
        stack.replies[action] = {"type": f"{action}Reply"}
        assert (await call)["type"] == f"{action}Reply"
    sent = {request.pop("action"): request for request in stack.socket.sent}
    assert sent["setVolume"]["volume"] == 0.5
    assert sent["publish"] == {"id": sent["publish"]["id"], "topic": "chat", "data": {"a": 1}}


async def test_replies_reach_their_requests_in_any_order() -> None:
    stack = FakeStack()
    session = await stack.speaker()
    mute = asyncio.ensure_future(session.mute_broadcast())
    status = asyncio.ensure_future(session.get_session_status())
    await settle()
    _, first, second = stack.socket.sent
    stack.socket.deliver({"id": second["id"], "type": "sessionStatus", "listenerCount": 3})
    refusal = error(500, "INTERNAL_ERROR", correlationId="c1")
    stack.socket.deliver({"id": first["id"], **refusal})
    assert (await status)["listenerCount"] == 3
    with pytest.raises(LecternError) as raised:
        await mute
    assert (raised.value.retryable, raised.value.correlation_id) == (True, "c1")


async def test_an_error_without_a_request_is_an_event() -> None:
    stack = FakeStack()
    errors = record(await stack.listener(), "error")
    stack.socket.deliver(error(400, "INVALID_JSON"))
    await settle()
    assert [problem.code for problem in errors] == ["INVALID_JSON"]


async def test_an_older_broadcast_state_is_ignored() -> None:
    stack = FakeStack()
    session = await stack.listener()
    events = record(session, "broadcastStateChanged")
    for version, muted in ((3, True), (2, False)):
        state = {**BROADCAST_STATE, "isMuted": muted}
        changed = {"type": "broadcastStateChanged", "stateVersion": version}
        stack.socket.deliver({**changed, "broadcastState": state})
    await settle()
    assert session.broadcast_state is not None
    assert (session.broadcast_state["isMuted"], len(events)) == (True, 1)


async def test_a_change_of_language_follows_the_new_stream_before_the_reply() -> None:
    stack = FakeStack()
    session = await stack.listener()
    seen = record(session, "broadcast")

    def change(_: Message, socket: FakeSocket) -> Message:
        socket.deliver(broadcast(1))
        socket.deliver(broadcast(9, "fr"))
        return {"type": "languageChanged", "targetLanguage": "fr", "lastSeq": {"*": 0, "fr": 8}}

    stack.replies["changeLanguage"] = change
    await session.change_language("fr")
    stack.socket.deliver(broadcast(2))
    stack.socket.deliver(broadcast(10, "fr"))
    await settle()
    assert data(seen) == ["es 1", "fr 9", "fr 10"]
    assert session.target_language == "fr"


async def test_after_a_change_of_language_the_new_streams_position_is_known() -> None:
    stack = FakeStack()
    session = await stack.listener()
    positions = {"*": 0, "fr": 8}
    changed = {"type": "languageChanged", "targetLanguage": "fr", "lastSeq": positions}
    stack.replies["changeLanguage"] = changed
    await session.change_language("fr")
    assert session.last_seq == positions
    assert stack.socket.requests("heartbeat") == []


async def test_a_broadcast_that_was_lost_during_a_change_of_language_is_recovered() -> None:
    stack = FakeStack()
    session = await stack.listener()
    seen = record(session, "broadcast")

    def change(_: Message, socket: FakeSocket) -> Message:
        socket.deliver(broadcast(10, "fr"))  # 9 was lost
        return {"type": "languageChanged", "targetLanguage": "fr", "lastSeq": {"*": 0, "fr": 8}}

    recovered = {"type": "recovered", "lastSeq": {"fr": 10}, "missed": [broadcast(9, "fr")]}
    stack.replies |= {"changeLanguage": change, "recover": recovered}
    await session.change_language("fr")
    assert data(seen) == []
    await stack.clock.advance(1)
    assert data(seen) == ["fr 9", "fr 10"]


async def test_a_refused_change_of_language_changes_nothing() -> None:
    stack = FakeStack()
    session = await stack.listener()
    stack.replies["changeLanguage"] = error(400, "INVALID_MESSAGE")
    with pytest.raises(LecternError, match="INVALID_MESSAGE"):
        await session.change_language("français")
    assert session.target_language == "es"


async def test_a_background_request_reports_progress_and_returns_its_result() -> None:
    stack = FakeStack()
    session = await stack.listener()
    progress: list[int] = []

    def submit(_: Message, socket: FakeSocket) -> Message:
        early = {"type": "requestProgress", "requestId": "r1", "percentage": 10}
        socket.deliver(early)
        return {"type": "requestAccepted", "requestId": "r1", "status": "accepted"}

    stack.replies["submitRequest"] = submit
    job = await session.submit_request(
        "summary", {"words": 50}, on_progress=lambda message: progress.append(message["percentage"])
    )
    stack.socket.deliver({"type": "requestProgress", "requestId": "r1", "percentage": 60})
    result = {"text": "short"}
    stack.socket.deliver({"type": "requestCompleted", "requestId": "r1", "result": result})
    assert await job.result() == {"text": "short"}
    assert progress == [10, 60]


async def test_a_background_request_can_fail_and_can_be_cancelled() -> None:
    stack = FakeStack()
    session = await stack.listener()
    ids = iter(["r1", "r2"])
    stack.replies["submitRequest"] = lambda _, __: {
        "type": "requestAccepted",
        "requestId": next(ids),
    }
    stack.replies["cancelRequest"] = lambda request, _: {
        "type": "requestCancelled",
        "requestId": request["requestId"],
    }
    failing = await session.submit_request("a")
    unwanted = await session.submit_request("b")
    stack.socket.deliver({"type": "requestFailed", "requestId": "r1", "code": "INTERNAL_ERROR"})
    with pytest.raises(LecternError, match="INTERNAL_ERROR"):
        await failing.result()
    await unwanted.cancel()
    with pytest.raises(LecternError, match="CANCELLED"):
        await unwanted.result()


async def test_a_background_request_follows_the_session_to_a_new_connection() -> None:
    stack = FakeStack()
    session = await stack.listener()
    stack.replies["submitRequest"] = {"type": "requestAccepted", "requestId": "r1"}
    job = await session.submit_request("summary")
    session.refresh()
    await settle()
    assert stack.sockets[0].closed_with == 4000
    stack.socket.deliver({"type": "requestCompleted", "requestId": "r1", "result": 7})
    assert await job.result() == 7


async def test_after_a_lost_connection_only_idempotent_requests_are_sent_again() -> None:
    stack = FakeStack()
    session = await stack.listener()
    publish = asyncio.ensure_future(session.publish("chat", 1))
    subscribe = asyncio.ensure_future(session.subscribe("chat"))
    await settle()
    stack.replies["subscribe"] = {"type": "subscribed", "topic": "chat"}
    stack.socket.drop()
    with pytest.raises(LecternError, match="CONNECTION_LOST"):
        await publish
    await stack.clock.advance(1)
    assert (await subscribe)["topic"] == "chat"


async def test_an_expiring_token_is_replaced_by_the_callback() -> None:
    stack = FakeStack()
    await stack.speaker(lambda: "fresh")
    stack.socket.deliver({"type": "tokenExpiring", "expiresAt": 5})
    await settle()
    assert [request["token"] for request in stack.socket.requests("authenticate")] == ["fresh"]


async def test_ending_the_session_tells_the_stack_and_closes() -> None:
    stack = FakeStack()
    session = await stack.speaker()
    stack.replies["endSession"] = {"type": "sessionEnded", "sessionId": SESSION}
    await session.end_session()
    assert (session.state, session.close_reason) == ("closed", "endedBySpeaker")
    assert stack.socket.closed_with == 1000


async def test_ending_a_session_that_has_ended_already_succeeds() -> None:
    stack = FakeStack()
    session = await stack.speaker()
    ending = asyncio.ensure_future(session.end_session())
    await settle()
    stack.replies["refreshConnection"] = error(404, "SESSION_NOT_FOUND")
    stack.socket.drop()
    await stack.clock.advance(1)
    await ending
    assert session.state == "closed"


async def test_leaving_closes_even_if_the_connection_is_lost_before_the_reply() -> None:
    stack = FakeStack()
    session = await stack.listener()
    leaving = asyncio.ensure_future(session.leave_session())
    await settle()
    stack.socket.drop()
    await leaving
    assert (session.state, session.close_reason) == ("closed", "left")


async def test_a_handler_that_raises_does_not_stop_the_others() -> None:
    stack = FakeStack()
    session = await stack.listener()
    reported: list[Message] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
    session.on("broadcast", lambda message: 1 / 0 if message else None)
    seen = record(session, "broadcast")
    stack.socket.deliver(broadcast(1))
    await settle()
    assert (data(seen), len(reported)) == (["es 1"], 1)

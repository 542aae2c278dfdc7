"""The Python SDK: refresh and heartbeats."""

import asyncio
from typing import Any

from lectern_client import LecternError
from tests.clients.stack import (
    BROADCAST_STATE,
    REFRESH,
    SESSION,
    FakeStack,
    broadcast,
    data,
    error,
    record,
    settle,
)


async def test_a_refresh_opens_the_new_connection_before_it_closes_the_old_one() -> None:
    stack = FakeStack()
    session = await stack.listener()
    seen, states = record(session, "broadcast"), record(session, "state")
    (old,) = stack.sockets
    old.deliver(broadcast(1))
    old.deliver(REFRESH)
    await settle()
    (request,) = stack.socket.requests("refreshConnection")
    assert request["role"] == "listener"
    assert (request["resumeToken"], request["lastSeq"]) == ("resume-1", {"*": 0, "es": 1})
    assert old.closed_with == 4000
    stack.socket.deliver(broadcast(2))
    await settle()
    assert data(seen) == ["es 1", "es 2"]
    assert [change["state"] for change in states] == ["refreshing", "open"]
    assert session.resume_token == "resume-2"


async def test_a_tenant_message_of_the_operator_is_an_event() -> None:
    stack = FakeStack()
    session = await stack.listener()
    seen = record(session, "tenantMessage")
    stack.socket.deliver({"type": "tenantMessage", "data": {"text": "Maintenance at noon."}})
    await settle()
    assert data(seen) == [{"text": "Maintenance at noon."}]


async def test_events_that_arrive_on_both_connections_are_delivered_once_and_in_order() -> None:
    stack = FakeStack()
    session = await stack.listener()
    seen = record(session, "broadcast", "topicMessage")
    (old,) = stack.sockets
    stack.replies["refreshConnection"] = None
    old.deliver(REFRESH)
    await settle()
    fresh = stack.socket
    note = {"type": "topicMessage", "sessionId": SESSION, "topic": "chat", "data": "hello"}
    for message in (note, broadcast(2)):
        fresh.deliver(message)
    await settle()
    for message in (note, broadcast(1), broadcast(2)):
        old.deliver(message)
    await settle()
    assert [event["type"] for event in seen] == ["topicMessage", "broadcast", "broadcast"]
    assert data(seen) == ["hello", "es 1", "es 2"]


async def test_a_refresh_without_a_server_leaves_the_old_connection_in_use() -> None:
    stack = FakeStack()
    session = await stack.listener()
    (old,) = stack.sockets
    stack.refusal = LecternError("HANDSHAKE_REFUSED", status=503)
    old.deliver(REFRESH)
    await stack.clock.advance(5)
    assert (session.state, old.closed_with) == ("refreshing", None)
    stack.refusal = None
    await stack.clock.advance(20)
    assert (session.state, old.closed_with) == ("open", 4000)


async def test_a_permanently_refused_refresh_is_an_error_event_and_the_old_connection_stays() -> (
    None
):
    stack = FakeStack()
    session = await stack.speaker()
    errors = record(session, "error")
    stack.replies["refreshConnection"] = error(403, "FORBIDDEN")
    stack.sockets[0].deliver(REFRESH)
    await settle()
    assert [problem.code for problem in errors] == ["FORBIDDEN"]
    assert (session.state, stack.sockets[0].closed_with) == ("open", None)


async def test_a_speaker_sends_nothing_while_the_session_moves() -> None:
    stack = FakeStack()
    session = await stack.speaker()
    (old,) = stack.sockets
    first = asyncio.ensure_future(session.broadcast("one"))
    await settle()
    old.deliver(REFRESH)
    await settle()
    fresh = stack.socket
    second = asyncio.ensure_future(session.broadcast("two"))
    pause = asyncio.ensure_future(session.pause_broadcast())
    await settle()
    assert fresh.sent == []
    stack.last_seq = {"*": 1}
    accepted = {"type": "broadcastAccepted", "stream": "*", "recipients": 3}
    stack.replies["broadcast"] = {**accepted, "seq": 2}
    state = {"type": "broadcastStateChanged", "broadcastState": BROADCAST_STATE}
    stack.replies["pauseBroadcast"] = {**state, "stateVersion": 2}
    old.deliver({**accepted, "id": old.requests("broadcast")[0]["id"], "seq": 1})
    assert [(await first)["seq"], (await second)["seq"]] == [1, 2]
    assert (await pause)["stateVersion"] == 2
    assert len(old.requests("broadcast")) == len(fresh.requests("broadcast")) == 1


async def test_after_a_lost_reply_to_a_refresh_the_old_connection_sends_nothing() -> None:
    stack = FakeStack()
    session = await stack.speaker()
    (old,) = stack.sockets
    refresh = stack.replies["refreshConnection"]
    stack.replies["refreshConnection"] = lambda _, socket: socket.drop()
    stack.replies["broadcast"] = {"type": "broadcastAccepted", "stream": "*", "seq": 1}
    old.deliver(REFRESH)
    await settle()
    accepted = asyncio.ensure_future(session.broadcast("one"))
    await settle()
    assert old.requests("broadcast") == []
    stack.replies["refreshConnection"] = refresh
    await stack.clock.advance(5)
    assert (await accepted)["seq"] == 1


async def test_topics_are_subscribed_to_again_before_the_old_connection_closes() -> None:
    stack = FakeStack()
    session = await stack.listener()
    (old,) = stack.sockets
    stack.replies["subscribe"] = {"type": "subscribed", "topic": "chat"}
    await session.subscribe("chat")
    stack.replies["subscribe"] = None
    old.deliver(REFRESH)
    await settle()
    (request,) = stack.socket.requests("subscribe")
    assert old.closed_with is None
    stack.socket.deliver({"id": request["id"], "type": "subscribed", "topic": "chat"})
    await settle()
    assert old.closed_with == 4000


async def test_many_topics_are_subscribed_to_again_within_the_rate_limit() -> None:
    stack = FakeStack()
    session = await stack.listener()
    topics = [f"t{number}" for number in range(20)]
    stack.replies["subscribe"] = lambda request, _: {
        "type": "subscribed",
        "topic": request["topic"],
    }
    for topic in topics:
        await session.subscribe(topic)
    taken: list[str] = []

    def subscribe(request: dict[str, Any], _: object) -> dict[str, Any]:
        if len(taken) % 10 == 9 and stack.clock.now < 10:
            return error(429, "RATE_LIMITED", retryAfter=10)
        taken.append(request["topic"])
        return {"type": "subscribed", "topic": request["topic"]}

    stack.replies["subscribe"] = subscribe
    stack.socket.drop()
    await stack.clock.advance(30)
    assert sorted(taken) == sorted(topics)


async def test_heartbeats_are_sent_at_the_servers_interval() -> None:
    stack = FakeStack()
    session = await stack.listener()
    await stack.clock.advance(49)
    assert stack.socket.requests("heartbeat") == []
    stack.replies["heartbeat"] = {"type": "heartbeatAck", "heartbeatInterval": 20}
    await stack.clock.advance(41)
    assert [beat["wantSeq"] for beat in stack.socket.requests("heartbeat")] == [True] * 3
    assert session.heartbeat_interval == 20


async def test_a_speakers_messages_count_as_heartbeats() -> None:
    stack = FakeStack()
    session = await stack.speaker()
    stack.replies["broadcast"] = {"type": "broadcastAccepted", "stream": "*", "seq": 1}
    for _ in range(4):
        await stack.clock.advance(30)
        await session.broadcast("x")
    assert stack.socket.requests("heartbeat") == []


async def test_a_connection_without_a_reply_to_a_heartbeat_is_replaced() -> None:
    stack = FakeStack()
    session = await stack.listener()
    stack.replies["heartbeat"] = None
    await stack.clock.advance(66)
    assert stack.sockets[0].closed_with == 4000
    assert (len(stack.sockets), session.state) == (2, "open")

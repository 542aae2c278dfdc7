"""The Python SDK: refresh and heartbeats."""

import asyncio

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


async def test_a_listener_makes_the_second_socket_before_it_breaks_the_first() -> None:
    stack = FakeStack()
    session = await stack.listener()
    seen, states = record(session, "broadcast"), record(session, "state")
    (old,) = stack.sockets
    old.say(broadcast(1))
    old.say(REFRESH)
    await settle()
    (request,) = stack.socket.requests("refreshConnection")
    assert request["role"] == "listener"
    assert (request["resumeToken"], request["lastSeq"]) == ("resume-1", {"*": 0, "es": 1})
    assert old.closed_with == 4000
    stack.socket.say(broadcast(2))
    await settle()
    assert data(seen) == ["es 1", "es 2"]
    assert [change["state"] for change in states] == ["refreshing", "open"]
    assert session.resume_token == "resume-2"


async def test_what_the_operator_says_to_a_tenant_is_handed_out() -> None:
    stack = FakeStack()
    session = await stack.listener()
    seen = record(session, "tenantMessage")
    stack.socket.say({"type": "tenantMessage", "data": {"text": "Maintenance at noon."}})
    await settle()
    assert data(seen) == [{"text": "Maintenance at noon."}]


async def test_what_comes_on_both_sockets_is_handed_out_once_and_in_order() -> None:
    stack = FakeStack()
    session = await stack.listener()
    seen = record(session, "broadcast", "topicMessage")
    (old,) = stack.sockets
    stack.replies["refreshConnection"] = None
    old.say(REFRESH)
    await settle()
    fresh = stack.socket
    note = {"type": "topicMessage", "sessionId": SESSION, "topic": "chat", "data": "hello"}
    for message in (note, broadcast(2)):
        fresh.say(message)
    await settle()
    for message in (note, broadcast(1), broadcast(2)):
        old.say(message)
    await settle()
    assert [event["type"] for event in seen] == ["topicMessage", "broadcast", "broadcast"]
    assert data(seen) == ["hello", "es 1", "es 2"]


async def test_a_refresh_that_finds_no_server_leaves_the_old_socket_in_use() -> None:
    stack = FakeStack()
    session = await stack.listener()
    (old,) = stack.sockets
    stack.refusal = LecternError("HANDSHAKE_REFUSED", status=503)
    old.say(REFRESH)
    await stack.clock.advance(5)
    assert (session.state, old.closed_with) == ("refreshing", None)
    stack.refusal = None
    await stack.clock.advance(20)
    assert (session.state, old.closed_with) == ("open", 4000)


async def test_a_refresh_refused_for_good_is_told_and_the_old_socket_stays() -> None:
    stack = FakeStack()
    session = await stack.speaker()
    errors = record(session, "error")
    stack.replies["refreshConnection"] = error(403, "FORBIDDEN")
    stack.sockets[0].say(REFRESH)
    await settle()
    assert [problem.code for problem in errors] == ["FORBIDDEN"]
    assert (session.state, stack.sockets[0].closed_with) == ("open", None)


async def test_nothing_of_a_speaker_is_on_its_way_while_the_session_moves() -> None:
    stack = FakeStack()
    session = await stack.speaker()
    (old,) = stack.sockets
    first = asyncio.ensure_future(session.broadcast("one"))
    await settle()
    old.say(REFRESH)
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
    old.say({**accepted, "id": old.requests("broadcast")[0]["id"], "seq": 1})
    assert [(await first)["seq"], (await second)["seq"]] == [1, 2]
    assert (await pause)["stateVersion"] == 2
    assert len(old.requests("broadcast")) == len(fresh.requests("broadcast")) == 1


async def test_when_the_answer_to_a_refresh_is_lost_the_old_socket_carries_nothing_more() -> None:
    stack = FakeStack()
    session = await stack.speaker()
    (old,) = stack.sockets
    refresh = stack.replies["refreshConnection"]
    stack.replies["refreshConnection"] = lambda _, socket: socket.drop()
    stack.replies["broadcast"] = {"type": "broadcastAccepted", "stream": "*", "seq": 1}
    old.say(REFRESH)
    await settle()
    accepted = asyncio.ensure_future(session.broadcast("one"))
    await settle()
    assert old.requests("broadcast") == []
    stack.replies["refreshConnection"] = refresh
    await stack.clock.advance(5)
    assert (await accepted)["seq"] == 1


async def test_topics_are_subscribed_to_again_before_the_old_socket_closes() -> None:
    stack = FakeStack()
    session = await stack.listener()
    (old,) = stack.sockets
    stack.replies["subscribe"] = {"type": "subscribed", "topic": "chat"}
    await session.subscribe("chat")
    stack.replies["subscribe"] = None
    old.say(REFRESH)
    await settle()
    (request,) = stack.socket.requests("subscribe")
    assert old.closed_with is None
    stack.socket.say({"id": request["id"], "type": "subscribed", "topic": "chat"})
    await settle()
    assert old.closed_with == 4000


async def test_heartbeats_go_out_at_the_interval_of_the_server() -> None:
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


async def test_a_socket_that_does_not_answer_a_heartbeat_is_dead_and_replaced() -> None:
    stack = FakeStack()
    session = await stack.listener()
    stack.replies["heartbeat"] = None
    await stack.clock.advance(66)
    assert stack.sockets[0].closed_with == 4000
    assert (len(stack.sockets), session.state) == (2, "open")

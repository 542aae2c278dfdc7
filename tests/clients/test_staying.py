"""The Python SDK: refresh, reconnect, heartbeats and recovery."""

import asyncio
from typing import Any

import pytest

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

Message = dict[str, Any]


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


async def test_a_listener_that_lost_its_socket_comes_back_where_it_was() -> None:
    stack = FakeStack()
    session = await stack.listener()
    seen, states = record(session, "broadcast"), record(session, "state")
    stack.socket.say(broadcast(1))
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


async def test_a_speaker_comes_back_by_taking_its_session_over_with_a_new_token() -> None:
    stack = FakeStack()
    tokens = iter(["first", "second"])
    session = await stack.speaker(lambda: next(tokens))
    stack.socket.drop()
    await stack.clock.advance(1)
    (request,) = stack.socket.requests("refreshConnection")
    assert (request["role"], request["sessionId"]) == ("speaker", SESSION)
    assert (stack.socket.token, session.state) == ("second", "open")


async def test_pauses_grow_under_a_cap() -> None:
    stack = FakeStack()
    await stack.listener(random=lambda: 1.0)
    stack.refusal = LecternError("CONNECTION_FAILED")
    stack.socket.drop()
    counts = []
    for seconds in (0.4, 0.2, 1, 2, 4, 8, 16, 20, 20):
        await stack.clock.advance(seconds)
        counts.append(stack.attempts)
    assert counts == [1, 2, 3, 4, 5, 6, 7, 8, 9]


async def test_a_session_that_is_gone_closes_with_the_error() -> None:
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


async def test_a_refused_token_is_fetched_once_more_then_it_is_final() -> None:
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


async def test_a_listener_whose_resume_token_is_refused_joins_as_somebody_new() -> None:
    stack = FakeStack()
    session = await stack.listener()
    stack.socket.say(broadcast(1))
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


async def test_a_client_that_learns_that_it_is_behind_recovers() -> None:
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


async def test_a_hole_that_closes_by_itself_is_not_asked_for() -> None:
    stack = FakeStack()
    session = await stack.listener()
    seen = record(session, "broadcast")
    stack.socket.say(broadcast(2))
    await stack.clock.advance(0.1)
    stack.socket.say(broadcast(1))
    await stack.clock.advance(1)
    assert stack.socket.requests("recover") == []
    assert data(seen) == ["es 1", "es 2"]


async def test_what_does_not_fit_in_one_reply_is_asked_for_until_it_is_there() -> None:
    stack = FakeStack()
    session = await stack.listener()
    seen = record(session, "broadcast", "gap")
    stack.socket.say(broadcast(7))

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


async def test_a_gap_is_told_between_what_came_before_and_what_comes_after() -> None:
    stack = FakeStack()
    session = await stack.listener()
    seen = record(session, "broadcast", "gap")
    stack.socket.say(broadcast(1))
    stack.socket.say(broadcast(5))
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


async def test_a_recovery_refused_for_the_moment_waits_as_long_as_it_is_told() -> None:
    stack = FakeStack()
    await stack.listener()
    stack.replies["recover"] = error(429, "RATE_LIMITED", retryAfter=9)
    stack.socket.say(broadcast(3))
    await stack.clock.advance(9)
    assert len(stack.socket.requests("recover")) == 1
    await stack.clock.advance(2)
    assert len(stack.socket.requests("recover")) == 2

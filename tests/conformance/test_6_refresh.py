"""PROTOCOL 6.1: the session goes on over a second socket."""

import asyncio
from typing import Any

import pytest

from tests.conformance.raw import RawClient
from tests.conformance.stack import Stack

MINUTE = 60


async def refresh(stack: Stack, listener: RawClient, **fields: Any) -> RawClient:
    """Refresh a listener. Return its second socket; the first is still open."""
    fresh = await stack.connect()
    joined = listener.welcome
    fresh.welcome = await fresh.done(
        "refreshConnection",
        sessionId=joined["sessionId"],
        role="listener",
        targetLanguage=joined["targetLanguage"],
        **fields,
    )
    return fresh


async def take_over(stack: Stack, session: str, sub: str = "ana") -> RawClient:
    fresh = await stack.speaker(sub)
    await fresh.done("refreshConnection", sessionId=session, role="speaker")
    return fresh


async def test_a_speakers_session_belongs_to_the_new_socket_from_then_on(stack: Stack) -> None:
    old, session = await stack.session()
    listener = await stack.listener(session)
    await old.done("muteBroadcast")
    fresh = await stack.speaker()
    complete = await fresh.done("refreshConnection", sessionId=session, role="speaker")
    assert complete["type"] == "connectionRefreshComplete"
    assert (complete["role"], complete["sourceLanguage"]) == ("speaker", "en")
    assert complete["broadcastState"]["isMuted"]
    assert "targetLanguage" not in complete
    for action, fields in (("broadcast", {"data": 1}), ("endSession", {}), ("pauseBroadcast", {})):
        await old.refused(action, "FORBIDDEN", **fields)
    await fresh.done("broadcast", data="from the new one")
    assert (await listener.next("broadcast"))["data"] == "from the new one"


@pytest.mark.parametrize("how", ["close", "cut"])
async def test_the_old_sockets_close_changes_nothing(stack: Stack, how: str) -> None:
    old, session = await stack.session()
    listener = await stack.listener(session)
    fresh = await take_over(stack, session)
    await getattr(old, how)()
    await stack.live(100, fresh, listener)
    assert not await listener.rest("sessionEnded", "speakerReconnecting")
    assert (await fresh.done("broadcast", data=1))["recipients"] == 1


async def test_a_speaker_learns_where_its_streams_stand(stack: Stack) -> None:
    old, session = await stack.session()
    await old.done("broadcast", data=1)
    for _ in range(3):
        await old.done("broadcast", data=1, targetLanguage="es")
    fresh = await stack.speaker()
    complete = await fresh.done("refreshConnection", sessionId=session, role="speaker")
    assert {"*": 1, "es": 3}.items() <= complete["lastSeq"].items()


async def test_only_the_same_user_of_the_same_tenant_may_take_over(stack: Stack) -> None:
    speaker, session = await stack.session("ana")
    strangers = (("eve", "default", "FORBIDDEN"), ("ana", "other", "SESSION_NOT_FOUND"))
    for sub, tenant, code in strangers:
        stranger = await stack.speaker(sub, tenant)
        fields = {"sessionId": session, "role": "speaker"}
        await stranger.refused("refreshConnection", code, **fields)
    await speaker.done("broadcast", data=1)


async def test_a_speakers_refresh_without_a_token_is_401(stack: Stack) -> None:
    _, session = await stack.session()
    client = await stack.connect()
    answer = await client.ask("refreshConnection", sessionId=session, role="speaker")
    assert answer.get("status") == 401, answer


async def test_a_listener_with_its_resume_token_is_counted_once_at_every_instant(
    stack: Stack,
) -> None:
    speaker, session = await stack.session()
    old = await stack.listener(session)
    fresh = await refresh(stack, old, resumeToken=old.welcome["resumeToken"])
    assert fresh.welcome["type"] == "connectionRefreshComplete"
    assert (fresh.welcome["role"], fresh.welcome["targetLanguage"]) == ("listener", "es")
    assert await stack.count(speaker) == 1
    assert (await speaker.done("broadcast", data=1))["recipients"] == 1
    await fresh.next("broadcast")
    await old.close()
    await stack.live(50, speaker, fresh)
    assert await stack.count(speaker) == 1
    assert (await speaker.done("broadcast", data=2))["recipients"] == 1
    await fresh.next("broadcast", data=2)


async def test_a_listener_without_one_is_counted_twice_until_its_old_socket_closes(
    stack: Stack,
) -> None:
    speaker, session = await stack.session()
    old = await stack.listener(session)
    await refresh(stack, old)
    assert await stack.count(speaker) == 2
    await old.close()
    await speaker.next("sessionStatus", listenerCount=1)


async def test_a_chain_of_refreshes_keeps_one_place(stack: Stack) -> None:
    speaker, session = await stack.session()
    listener = await stack.listener(session)
    for _ in range(4):
        fresh = await refresh(stack, listener, resumeToken=listener.welcome["resumeToken"])
        await listener.close()
        listener = fresh
    assert await stack.count(speaker) == 1


async def test_a_resume_token_whose_answer_was_lost_still_works(stack: Stack) -> None:
    speaker, session = await stack.session()
    old = await stack.listener(session)
    lost = await refresh(stack, old, resumeToken=old.welcome["resumeToken"])
    await lost.cut()
    fresh = await refresh(stack, old, resumeToken=old.welcome["resumeToken"])
    await old.close()
    await stack.live(50, speaker, fresh)
    assert await stack.count(speaker) == 1


@pytest.mark.parametrize("role", ["speaker", "listener"])
async def test_a_refresh_on_an_older_socket_comes_too_late(stack: Stack, role: str) -> None:
    speaker, session = await stack.session()
    listener = await stack.listener(session)
    fields = {"sessionId": session, "role": role}
    if role == "listener":
        token = listener.welcome["resumeToken"]
        fields |= {"targetLanguage": "es", "resumeToken": token}
    connect = stack.speaker if role == "speaker" else stack.connect
    older = await connect()
    await asyncio.sleep(0.01)  # sockets are told apart by the millisecond
    newer = await connect()
    await newer.done("refreshConnection", **fields)
    await older.refused("refreshConnection", "FORBIDDEN", **fields)
    await older.cut()
    speaking, listening = (newer, listener) if role == "speaker" else (speaker, newer)
    await stack.live(100, speaking, listening)
    assert (await speaking.done("broadcast", data=1))["recipients"] == 1
    await listening.next("broadcast", data=1)


async def test_subscriptions_and_their_messages_follow_the_session(stack: Stack) -> None:
    speaker, session = await stack.session()
    old = await stack.listener(session)
    await old.done("subscribe", topic="chat")
    fresh = await refresh(stack, old, resumeToken=old.welcome["resumeToken"])
    await fresh.done("subscribe", topic="chat")
    await old.close()
    assert (await speaker.done("publish", topic="chat", data=1))["recipients"] == 1
    await fresh.next("topicMessage")


async def test_a_forged_or_foreign_resume_token_is_refused(stack: Stack) -> None:
    speaker, session = await stack.session()
    _, other = await stack.session()
    foreign = (await stack.listener(other)).welcome["resumeToken"]
    for token in ("nonsense", foreign):
        client = await stack.connect()
        answer = await client.ask(
            "refreshConnection",
            sessionId=session,
            role="listener",
            targetLanguage="es",
            resumeToken=token,
        )
        assert answer.get("status") in {401, 403}, answer
    assert await stack.count(speaker) == 0


async def test_everybody_is_asked_to_refresh_at_100_minutes_and_warned_at_105(stack: Stack) -> None:
    speaker, session = await stack.session()
    listener = await stack.listener(session)
    await stack.live(99 * MINUTE, speaker, listener)
    assert not await speaker.rest("connectionRefreshRequired")
    assert not await listener.rest("connectionRefreshRequired")
    await stack.live(2 * MINUTE, speaker, listener)
    required = await speaker.next("connectionRefreshRequired")
    assert (required["sessionId"], required["role"]) == (session, "speaker")
    assert 6000 <= required["connectionAge"] <= 6120
    assert not await speaker.rest("connectionRefreshRequired")
    await stack.live(4 * MINUTE, speaker, listener)
    required = await listener.next("connectionRefreshRequired")
    assert (required["role"], required["targetLanguage"]) == ("listener", "es")
    await stack.live(2 * MINUTE, speaker, listener)
    for client in (speaker, listener):
        warning = await client.next("connectionWarning")
        assert 13 <= warning["remainingMinutes"] <= 15
        assert not await client.rest("connectionWarning")


async def test_a_refreshed_connection_is_young_again(stack: Stack) -> None:
    old, session = await stack.session()
    await stack.live(101 * MINUTE, old)
    await old.next("connectionRefreshRequired")
    fresh = await take_over(stack, session)
    await old.close()
    await stack.live(98 * MINUTE, fresh)
    assert not await fresh.rest("connectionRefreshRequired", "connectionWarning", "sessionEnded")
    assert (await fresh.done("heartbeat"))["connectionAge"] >= 98 * MINUTE
    assert (await fresh.done("broadcast", data=1))["seq"] == 1


async def test_the_gateway_ends_a_socket_after_two_hours(stack: Stack) -> None:
    client = await stack.connect()
    await stack.live(119 * MINUTE, client)
    await stack.advance(2 * MINUTE)
    assert await client.closed() in {1001, 1000, 1006}

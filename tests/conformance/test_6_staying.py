"""PROTOCOL 6.3, 6.4 and tokens: a speaker that drops, silence, and what expires."""

import pytest

from tests.conformance.stack import Stack

GRACE = 15
IDLE = 120


async def test_a_close_with_1000_ends_the_session_at_once(stack: Stack) -> None:
    speaker, session = await stack.session()
    listener = await stack.listener(session)
    await speaker.close(1000)
    ended = await listener.next("sessionEnded")
    assert ended["reason"] == "endedBySpeaker"
    assert not [m for m in listener.frames if "speakerReconnecting" in m]


async def test_a_page_that_is_reloaded_keeps_its_session(stack: Stack) -> None:
    speaker, session = await stack.session()
    listener = await stack.listener(session)
    await speaker.close(1001)
    await listener.next("speakerReconnecting")
    back = await stack.speaker()
    await back.done("refreshConnection", sessionId=session, role="speaker")
    await listener.next("speakerReturned")
    assert (await back.done("broadcast", data=1))["recipients"] == 1


async def test_a_speaker_that_drops_may_come_back_within_the_grace(stack: Stack) -> None:
    speaker, session = await stack.session()
    listener = await stack.listener(session)
    await speaker.cut()
    away = await listener.next("speakerReconnecting")
    assert away["sessionId"] == session
    assert 0 < away["deadline"] - away["timestamp"] <= GRACE * 1000
    await stack.advance(GRACE - 5)
    back = await stack.speaker()
    await back.done("refreshConnection", sessionId=session, role="speaker")
    returned = await listener.next("speakerReturned")
    assert returned["sessionId"] == session
    await stack.live(100, back, listener)
    assert not await listener.rest("sessionEnded")
    assert (await back.done("broadcast", data=1))["recipients"] == 1


async def test_a_speaker_that_does_not_come_back_ends_the_session(stack: Stack) -> None:
    speaker, session = await stack.session()
    listener = await stack.listener(session)
    await speaker.cut()
    await listener.next("speakerReconnecting")
    await stack.advance(GRACE + 1)
    ended = await listener.next("sessionEnded")
    assert ended["reason"] == "speakerDisconnected"
    late = await stack.speaker()
    fields = {"sessionId": session, "role": "speaker"}
    answer = await late.ask("refreshConnection", **fields)
    assert answer.get("status") == 404, answer


async def test_a_session_can_be_joined_while_its_speaker_is_away(stack: Stack) -> None:
    speaker, session = await stack.session()
    await speaker.cut()
    listener = await stack.listener(session)
    back = await stack.speaker()
    await back.done("refreshConnection", sessionId=session, role="speaker")
    await back.done("broadcast", data=1)
    await listener.next("broadcast")


async def test_a_socket_that_has_been_silent_for_just_so_long_is_told_and_closed(
    stack: Stack,
) -> None:
    """The sandbox's clock runs on by itself as well, so the second may be the next."""
    speaker, session = await stack.session()
    silent = await stack.listener(session)
    await stack.live(IDLE + 2, speaker)
    timeout = await silent.next("connectionTimeout")
    assert IDLE <= timeout["idleSeconds"] <= IDLE + 5
    await silent.closed()
    assert await stack.count(speaker) == 0


async def test_a_silent_speaker_is_closed_and_its_session_ends(stack: Stack) -> None:
    speaker, session = await stack.session()
    listener = await stack.listener(session)
    await stack.live(100, listener)
    await stack.advance(100)
    await speaker.next("connectionTimeout")
    await listener.next("speakerReconnecting")
    await stack.advance(GRACE + 1)
    ended = await listener.next("sessionEnded")
    assert ended["reason"] == "speakerDisconnected"


@pytest.mark.parametrize("action", ["heartbeat", "getSessionStatus"])
async def test_any_message_counts_as_a_heartbeat(stack: Stack, action: str) -> None:
    speaker, _ = await stack.session()
    for _ in range(8):
        await stack.advance(50)
        await speaker.done(action)
    assert not await speaker.rest("connectionTimeout")


async def test_the_interval_of_heartbeats_is_told_and_keeps_a_connection(stack: Stack) -> None:
    speaker, session = await stack.session()
    listener = await stack.listener(session)
    interval = listener.welcome["heartbeatInterval"]
    for _ in range(8):
        await stack.advance(interval)
        ack = await listener.done("heartbeat")
        await speaker.done("heartbeat")
    assert ack["heartbeatInterval"] == interval
    assert 8 * interval <= ack["connectionAge"] <= 8 * interval + 30


async def test_a_token_that_expires_is_told_120_seconds_before(stack: Stack) -> None:
    token = await stack.token(ttl=600)
    speaker = await stack.connect(token, role="speaker")
    created = await speaker.done("createSession", sourceLanguage="en")
    await stack.live(420, speaker)
    assert not await speaker.rest("tokenExpiring")
    await stack.live(120, speaker)
    told = await speaker.next("tokenExpiring")
    assert 0 <= told["expiresAt"] - created["timestamp"] <= 601_000
    await speaker.done("authenticate", token=await stack.token())
    await stack.live(300, speaker)
    await speaker.done("broadcast", data=1)


async def test_a_socket_whose_token_expired_is_closed(stack: Stack) -> None:
    token = await stack.token(ttl=300)
    speaker = await stack.connect(token, role="speaker")
    await speaker.done("createSession", sourceLanguage="en")
    await stack.live(200, speaker)
    await speaker.next("tokenExpiring")
    await stack.advance(80)
    await speaker.done("heartbeat")
    await stack.advance(100)
    await speaker.closed()


async def test_authenticate_takes_only_a_valid_token(stack: Stack) -> None:
    speaker = await stack.speaker()
    await speaker.refused("authenticate", "TOKEN_INVALID", token="nonsense")
    assert (await speaker.done("authenticate", token=await stack.token()))[
        "type"
    ] == "authenticated"


async def test_an_expired_token_does_not_authenticate(stack: Stack) -> None:
    speaker = await stack.speaker()
    expired = await stack.token(ttl=30)
    await stack.advance(31)
    await speaker.refused("authenticate", "TOKEN_EXPIRED", token=expired)


@pytest.mark.parametrize("refreshes", [1, pytest.param(3, marks=pytest.mark.nightly)])
async def test_a_session_lives_on_over_hours_of_refreshes(stack: Stack, refreshes: int) -> None:
    speaker, session = await stack.session()
    listener = await stack.listener(session)
    for round_ in range(1, refreshes + 1):
        await stack.live(100 * 60, speaker, listener)
        fresh = await stack.speaker()
        await fresh.done("refreshConnection", sessionId=session, role="speaker")
        await speaker.close()
        moved = await stack.connect()
        moved.welcome = await moved.done(
            "refreshConnection",
            sessionId=session,
            role="listener",
            targetLanguage="es",
            resumeToken=listener.welcome["resumeToken"],
        )
        await listener.close()
        speaker, listener = fresh, moved
        await speaker.done("broadcast", data=round_)
        assert (await listener.next("broadcast"))["seq"] == round_
    assert await stack.count(speaker) == 1

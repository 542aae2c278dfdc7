"""Both SDKs over hours: refreshes, tokens, heartbeats."""

import pytest

from tests.conformance.sdk.driver import World

MINUTE = 60
HOUR = pytest.param(60, marks=pytest.mark.nightly)


@pytest.mark.parametrize("hours", [2, pytest.param(5, marks=pytest.mark.nightly)])
async def test_nothing_is_lost_or_doubled_in_hours(world: World, hours: int) -> None:
    rounds = 4 * hours
    speaker = await world.speaker()
    spanish = await world.listener(speaker, "es")
    french = await world.listener(speaker, "fr")
    said = {"es": 0, "fr": 0, "*": 0}
    for _ in range(rounds):
        for language in ("es", "fr", None):
            accepted = await speaker.call("broadcast", f"to {language}", language)
            said[language or "*"] += 1
            assert accepted["seq"] == said[language or "*"]
        await world.let_pass(15 * MINUTE)
    for listener, language in ((spanish, "es"), (french, "fr")):
        heard = await listener.wait_for_broadcasts(2 * rounds)
        for stream in ("*", language):
            assert [seq for name, seq, _ in heard if name == stream] == list(range(1, rounds + 1))
        assert len(heard) == 2 * rounds
        assert not await listener.events("gap", "error")
        states = [event["state"] for event in await listener.events("state")]
        assert states == ["refreshing", "open"] * (hours // 2)
        assert await listener.state() == "open"
    status = await speaker.call("getSessionStatus")
    assert status["languageDistribution"] == {"es": 1, "fr": 1}


async def test_a_token_is_replaced_before_it_expires(world: World) -> None:
    speaker = await world.speaker(ttl=10 * MINUTE)
    listener = await world.listener(speaker, "es")
    for number in range(1, 7):
        await world.let_pass(10 * MINUTE)
        assert (await speaker.call("broadcast", number))["seq"] == number
    assert not await speaker.events("state", "error")
    assert [data for _, _, data in await listener.wait_for_broadcasts(6)] == [1, 2, 3, 4, 5, 6]


async def test_topic_subscriptions_survive_a_refresh(world: World) -> None:
    speaker = await world.speaker()
    listener = await world.listener(speaker, "es")
    await listener.call("subscribe", "chat")
    await world.let_pass(106 * MINUTE)
    assert (await speaker.call("publish", "chat", "hello"))["recipients"] == 1
    await world.settle()
    assert [event["data"] for event in await listener.events("topicMessage")] == ["hello"]


async def test_a_background_request_returns_its_result(world: World) -> None:
    speaker = await world.speaker()
    report = await speaker.call("submitRequest", "sessionReport")
    assert report["sessionId"] == speaker.session_id


@pytest.mark.parametrize("minutes", [10, HOUR])
async def test_a_new_language_is_received_without_a_gap(world: World, minutes: int) -> None:
    speaker = await world.speaker()
    listener = await world.listener(speaker, "es")
    for number in range(3):
        await speaker.call("broadcast", number, "fr")
    await listener.call("changeLanguage", "fr")
    for number in range(3):
        await speaker.call("broadcast", number, "fr")
        await speaker.call("broadcast", number, "es")
    assert await listener.wait_for_broadcasts(3) == [("fr", 4, 0), ("fr", 5, 1), ("fr", 6, 2)]
    await world.let_pass(minutes * MINUTE)
    assert len(await listener.broadcasts()) == 3
    assert not await listener.events("gap")


@pytest.mark.parametrize("minutes", [20, HOUR])
async def test_an_idle_session_sends_heartbeats(world: World, minutes: int) -> None:
    speaker = await world.speaker()
    listener = await world.listener(speaker, "es")
    await world.let_pass(minutes * MINUTE)
    assert (await speaker.state(), await listener.state()) == ("open", "open")
    assert not await listener.events("state")

"""Both SDKs when the network fails at the worst moment."""

import asyncio
import random
from typing import Any

import pytest

from tests.conformance.schema import Message
from tests.conformance.sdk.driver import World
from tests.conformance.sdk.proxy import (
    Cut,
    Proxy,
    action,
    cut_after,
    cut_before,
    cut_late,
    double,
    kind,
    lose,
    once,
)
from tests.conformance.sdk.steps import (
    Pair,
    assert_session_works,
    broadcast_numbers,
    numbered,
    wait_for,
)

MINUTE = 60


@pytest.mark.parametrize("moment", [cut_before, cut_after])
async def test_a_broadcast_in_flight_when_the_connection_is_cut_arrives_once(
    world: World, proxy: Proxy, moment: Any
) -> None:
    speaker = await world.speaker(proxy.url)
    listener = await world.listener(speaker, "es")
    await broadcast_numbers(speaker, 1)
    proxy.up = once(action("broadcast"), moment)
    second = asyncio.ensure_future(speaker.call("broadcast", 2))
    third = asyncio.ensure_future(speaker.call("broadcast", 3))
    assert (await wait_for(world, second))["seq"] == 2
    assert (await wait_for(world, third))["seq"] == 3
    assert await listener.wait_for_broadcasts(3) == numbered(3)


@pytest.mark.parametrize("stream", ["*", "es"])
async def test_a_broadcast_whose_reply_is_lost_arrives_once(
    world: World, proxy: Proxy, stream: str
) -> None:
    language = None if stream == "*" else stream
    speaker = await world.speaker(proxy.url)
    listener = await world.listener(speaker, "es")
    proxy.down = once(kind("broadcastAccepted"), cut_before)
    first = asyncio.ensure_future(speaker.call("broadcast", 1, language))
    assert (await wait_for(world, first))["seq"] == 1
    assert (await speaker.call("broadcast", 2, language))["seq"] == 2
    assert await listener.wait_for_broadcasts(2) == numbered(2, stream)


@pytest.mark.parametrize("moment", [cut_before, cut_after])
@pytest.mark.parametrize("answer", ["request", "reply"])
async def test_a_refresh_that_is_cut_succeeds_on_another_attempt(
    world: World, proxy: Proxy, pair: Pair, moment: Any, answer: str
) -> None:
    speaker, listener = pair
    if answer == "request":
        proxy.up = once(action("refreshConnection"), moment)
    else:
        proxy.down = once(kind("connectionRefreshComplete"), moment)
    for actor in (speaker, listener):
        await actor.call("refresh")
    await world.let_pass(MINUTE)
    await assert_session_works(speaker, listener)


@pytest.mark.parametrize("role", ["speaker", "listener"])
async def test_a_refresh_that_was_cut_undoes_nothing_when_it_arrives_late(
    world: World, proxy: Proxy, pair: Pair, role: str
) -> None:
    speaker, listener = pair
    proxy.up = once(action("refreshConnection"), cut_late)
    await {"speaker": speaker, "listener": listener}[role].call("refresh")
    await world.let_pass(10)
    await proxy.deliver_late()
    await world.let_pass(MINUTE)
    await assert_session_works(speaker, listener)


@pytest.mark.parametrize("moment", [cut_before, cut_after])
async def test_a_listener_cut_while_it_reconnects_reconnects(
    world: World, proxy: Proxy, moment: Any
) -> None:
    speaker = await world.speaker()
    listener = await world.listener(speaker, "es", proxy.url)
    await broadcast_numbers(speaker, 1)
    await listener.wait_for_broadcasts(1)
    proxy.down = once(kind("sessionJoined"), moment)
    proxy.cut()
    await broadcast_numbers(speaker, 2, 3)
    await world.let_pass(MINUTE)
    await broadcast_numbers(speaker, 4)
    assert await listener.wait_for_broadcasts(4) == numbered(4)
    assert (await speaker.call("getSessionStatus"))["listenerCount"] == 1


@pytest.mark.parametrize(
    ("said", "seconds"), [((1, 2, 3), 1), ((1, 2), 52)], ids=["by the next one", "by a heartbeat"]
)
async def test_a_lost_broadcast_is_noticed_and_recovered(
    world: World, proxy: Proxy, said: tuple[int, ...], seconds: float
) -> None:
    speaker = await world.speaker()
    listener = await world.listener(speaker, "es", proxy.url)
    proxy.down = once(kind("broadcast", seq=2), lose)
    await broadcast_numbers(speaker, *said)
    await listener.wait_for_broadcasts(1)
    await world.let_pass(seconds)
    assert await listener.wait_for_broadcasts(len(said)) == numbered(len(said))


async def test_a_duplicate_is_delivered_once(world: World, proxy: Proxy) -> None:
    speaker = await world.speaker()
    listener = await world.listener(speaker, "es", proxy.url)
    proxy.down = lambda message: double(message) if message["type"] == "broadcast" else [message]
    await broadcast_numbers(speaker, 1, 2, 3)
    assert await listener.wait_for_broadcasts(3) == numbered(3)


async def test_broadcasts_out_of_order_are_put_into_order_without_recovery(
    world: World, proxy: Proxy
) -> None:
    speaker = await world.speaker()
    listener = await world.listener(speaker, "es", proxy.url)
    asked: list[Message] = []
    proxy.down = reordered()
    proxy.up = lambda message: asked.append(message) or [message]  # type: ignore[func-returns-value]
    await broadcast_numbers(speaker, 1, 2, 3, 4)
    assert await listener.wait_for_broadcasts(4) == numbered(4)
    assert not [message for message in asked if message["action"] == "recover"]


def reordered() -> Any:
    """Let every second broadcast overtake the one before it."""
    held: list[Message] = []

    def rule(message: Message) -> list[Message]:
        if message["type"] != "broadcast":
            return [message]
        if not held:
            held.append(message)
            return []
        return [message, held.pop()]

    return rule


async def test_broadcasts_that_the_stack_no_longer_has_are_a_gap(
    world: World, proxy: Proxy
) -> None:
    speaker = await world.speaker()
    listener = await world.listener(speaker, "es", proxy.url)
    await broadcast_numbers(speaker, 1)
    await listener.wait_for_broadcasts(1)
    proxy.refusals = [503] * 1000
    proxy.cut()
    await broadcast_numbers(speaker, 2, 3)
    await world.let_pass(130)
    await broadcast_numbers(speaker, 4)
    proxy.refusals.clear()
    await world.let_pass(30)
    await broadcast_numbers(speaker, 5)
    await listener.wait_for_broadcasts(3)
    assert await listener.broadcasts() == [("*", 1, 1), ("*", 4, 4), ("*", 5, 5)]
    (gap,) = await listener.events("gap")
    assert (gap["stream"], gap["first"], gap["last"]) == ("*", 2, 3)


@pytest.mark.parametrize("status", [429, 503, 500])
async def test_refused_handshakes_are_retried_and_nothing_is_lost(
    world: World, proxy: Proxy, pair: Pair, status: int
) -> None:
    speaker, listener = pair
    await listener.wait_for_broadcasts(1)
    proxy.refusals = [status] * 4
    proxy.cut()
    second = asyncio.ensure_future(speaker.call("broadcast", 2))
    assert (await wait_for(world, second, seconds=14))["seq"] == 2
    await world.let_pass(20)
    assert await listener.wait_for_broadcasts(2) == numbered(2)


async def test_a_client_waits_for_a_stack_whose_tables_are_down(world: World) -> None:
    speaker = await world.speaker()
    listener = await world.listener(speaker, "es")
    await world.stack.fault(target="dynamodb", fault="error", rate=1)
    first = asyncio.ensure_future(speaker.call("broadcast", 1))
    await asyncio.sleep(0)
    await world.let_pass(1)
    await world.stack.end_faults()
    assert (await wait_for(world, first))["seq"] == 1
    assert await listener.wait_for_broadcasts(1) == numbered(1)


@pytest.mark.parametrize("seed", range(4))
async def test_nothing_is_lost_or_doubled_on_a_bad_network(
    world: World, proxy: Proxy, seed: int
) -> None:
    chance = random.Random(seed)
    speaker = await world.speaker(proxy.url)
    listeners = [await world.listener(speaker, "es", proxy.url) for _ in range(2)]
    proxy.up = lambda message: _perhaps(chance, message)
    proxy.down = lambda message: _perhaps(chance, message)
    for number in range(1, 31):
        call = asyncio.ensure_future(speaker.call("broadcast", number))
        assert (await wait_for(world, call))["seq"] == number
    proxy.up = proxy.down = lambda message: [message]
    await world.let_pass(2 * MINUTE)
    for listener in listeners:
        assert await listener.wait_for_broadcasts(30) == numbered(30)
        assert not await listener.events("gap")
    assert (await speaker.call("getSessionStatus"))["listenerCount"] == 2


def _perhaps(chance: random.Random, message: Message) -> list[Message]:
    luck = chance.random()
    if luck < 0.04:
        raise Cut(passed=luck < 0.02)
    if message.get("type") == "broadcast":
        return lose(message) if luck < 0.14 else double(message) if luck < 0.24 else [message]
    return [message]

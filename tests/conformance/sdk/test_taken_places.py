"""Both SDKs after the stack has given their place away."""

from tests.conformance.schema import Message
from tests.conformance.sdk.driver import World
from tests.conformance.sdk.proxy import Proxy
from tests.conformance.sdk.steps import Pair, broadcast_numbers, numbered

MINUTE = 60


async def test_a_listener_taken_for_gone_returns_and_misses_nothing(world: World) -> None:
    speaker = await world.speaker()
    listener = await world.listener(speaker, "es")
    await broadcast_numbers(speaker, 1)
    await listener.wait_for_broadcasts(1)
    await world.let_pass(40)  # before that a 410 may mean that the handshake is not over
    await world.stack.fault(target="management", fault="gone", times=1)
    await broadcast_numbers(speaker, 2, 3)
    assert (await speaker.call("getSessionStatus"))["listenerCount"] == 0
    await world.let_pass(MINUTE)
    assert await listener.wait_for_broadcasts(3) == numbered(3)
    assert (await speaker.call("getSessionStatus"))["listenerCount"] == 1


async def test_a_listener_whose_place_another_client_keeps_returns_once(
    world: World, proxy: Proxy, pair: Pair
) -> None:
    speaker, listener = pair
    tokens: list[str] = []

    def overheard(message: Message) -> list[Message]:
        if "resumeToken" in message:
            tokens.append(message["resumeToken"])
        return [message]

    proxy.down = overheard
    await listener.call("refresh")
    await world.let_pass(1)
    for state, reason in (("open", None), ("closed", "replaced")):
        other = await world.stack.connect()
        seat = {"sessionId": speaker.session_id, "targetLanguage": "es", "resumeToken": tokens[-1]}
        await other.done("refreshConnection", role="listener", **seat)
        await world.let_pass(MINUTE)
        assert (await listener.state(), await listener.close_reason()) == (state, reason)
        assert (await speaker.call("getSessionStatus"))["listenerCount"] == 1

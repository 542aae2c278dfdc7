"""Many at once: limits hold however fast somebody is, and who keeps to them is served."""

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from websockets.asyncio.client import connect as connect_async
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from chalicelib.errors import ServiceDown, Throttled
from tests.running import PATIENCE, Lectern
from tests.stack import Stack

LIMIT = 10


async def _outcome(url: str) -> tuple[int, bool]:
    """Return a handshake's status, and True if it has `Retry-After`. Close its socket."""
    try:
        async with connect_async(url, open_timeout=PATIENCE):
            return 101, False
    except InvalidStatus as refused:
        later = 1 <= int(refused.response.headers.get("Retry-After", "0")) <= 60
        return refused.response.status_code, later


async def _flood(url: str, size: int) -> Counter[tuple[int, bool]]:
    return Counter(await asyncio.gather(*(_outcome(url) for _ in range(size))))


def test_of_a_flood_of_handshakes_from_one_address_as_many_come_in_as_may(
    run_lectern: Callable[..., Lectern],
) -> None:
    lectern = run_lectern(RATE_LIMIT_CONNECTS_PER_MINUTE=str(LIMIT))
    # At the start of a minute, so that the flood meets one window.
    lectern.sandbox.advance(60 - lectern.sandbox.clock() // 1000 % 60)

    outcomes = asyncio.run(_flood(lectern.url, 80))

    assert outcomes == {(101, False): LIMIT, (429, True): 80 - LIMIT}
    lectern.settle()
    assert lectern.call("GET", "/_sandbox/state")["connections"] == []


def test_a_flood_of_controls_on_one_socket_delays_nobody_and_mostly_fails(
    run_lectern: Callable[..., Lectern],
) -> None:
    lectern = run_lectern(RATE_LIMIT_CONTROLS_PER_SECOND="5")
    query = f"?role=speaker&action=createSession&sourceLanguage=en&token={lectern.token()}"
    with connect(lectern.url + query) as speaker, connect(lectern.url) as other:
        speaker.recv(PATIENCE)
        for _ in range(400):
            speaker.send('{"action":"pauseBroadcast"}')
        other.send('{"action":"heartbeat","id":"mine"}')

        assert json.loads(other.recv(PATIENCE))["id"] == "mine"
        replies = [json.loads(speaker.recv(PATIENCE)) for _ in range(400)]

    kinds = Counter(reply.get("code", reply["type"]) for reply in replies)
    # Five in each second that it took to carry them out.
    assert set(kinds) == {"RATE_LIMITED", "broadcastStateChanged"}
    assert kinds["RATE_LIMITED"] > 200


@pytest.mark.parametrize("action", ["publish", "subscribe", "submitRequest"])
def test_whoever_throttles_the_counter_of_their_own_connection_is_refused(
    stack: Stack, action: str
) -> None:
    _, session_id = stack.session()
    flooding = stack.listener(session_id)
    stack.database.fail("UpdateItem", Throttled("400"), concerns="control:connection")
    fields = {"topic": "questions", "data": {}, "request": "sessionReport"}

    reply = flooding.send(action, **fields)

    assert (reply["code"], reply["retryAfter"]) == ("RATE_LIMITED", 1)
    assert stack.items("subscriptions") == stack.items("requests") == []


@pytest.mark.parametrize(
    ("counter", "error"),
    [
        ("connect:address", Throttled("400")),
        ("join:address", Throttled("400")),
        ("createSession:user", Throttled("400")),
        ("join:address", ServiceDown("500")),
        ("createSession:user", ServiceDown("500")),
        ("control:connection", ServiceDown("500")),
    ],
)
def test_any_other_failure_of_the_limiter_refuses_nobody(
    stack: Stack, counter: str, error: Exception
) -> None:
    stack.database.fail("UpdateItem", error, concerns=counter)

    speaker, session_id = stack.session()
    stack.listener(session_id)

    assert speaker.send("pauseBroadcast")["type"] == "broadcastStateChanged"
    assert "rateLimiterDown" in {event.get("event") for event in stack.events()}


def test_joins_at_the_same_instant_are_counted_one_by_one(stack: Stack) -> None:
    limits, together = stack.services.rate_limits, threading.Barrier(8)

    def count(_: int) -> list[int]:
        together.wait(PATIENCE)
        now = stack.clock()
        return [limits.count("join", "address", "somebody", 60, now) for _ in range(10)]

    with ThreadPoolExecutor(8) as pool:
        counts = [each for found in pool.map(count, range(8)) for each in found]

    assert sorted(counts) == list(range(1, 81))

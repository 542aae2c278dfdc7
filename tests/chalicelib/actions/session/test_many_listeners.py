"""Fifty listeners, one of them slow or refused: each gets everything, and waits for no other."""

import threading
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from chalicelib import aws as wire
from chalicelib import wiring
from chalicelib.settings import Settings
from tests.aws import Aws
from tests.chalicelib.aws.servers import Answer, Request, ScriptedServer
from tests.crowd import crowd
from tests.stack import Client, Stack


@pytest.fixture
def gateway() -> Iterator[ScriptedServer]:
    """`@connections` behind real HTTP."""
    with ScriptedServer() as server:
        yield server


@pytest.fixture
def room(aws: Aws, gateway: ScriptedServer) -> tuple[Client, list[Client], Stack]:
    """A speaker and fifty listeners, posted to over the wire that Lambda uses."""
    stack = Stack(aws, API_GATEWAY_ENDPOINT=f"{gateway.url}/local", FANOUT_CONCURRENCY="4")
    speaker, session_id = stack.session()
    listeners = crowd(stack, session_id, 50)
    settings = Settings.from_environ(stack.environ)
    management = wire.management(settings, stack.environ, stack.clock)
    wiring.install(replace(stack.services, management=management))
    return speaker, listeners, stack


def test_a_slow_listener_delays_nobody(
    gateway: ScriptedServer, room: tuple[Client, list[Client], Stack]
) -> None:
    """The slow one responds only once all others have the message: to wait for it is a deadlock."""
    speaker, listeners, stack = room
    slow, others = listeners[0].connection_id, listeners[1:]
    reached: set[str] = set()
    all_reached = threading.Event()

    def script(request: Request) -> Answer:
        if request.connection_id == slow:
            assert all_reached.wait(2)
            return 429
        reached.add(request.connection_id)
        if len(reached) == len(others):
            all_reached.set()
        return 200

    gateway.script = script
    assert speaker.send("broadcast", data="x")["seq"] == 1

    assert all_reached.is_set()
    tries = [request for request in gateway.requests if request.connection_id == slow]
    assert len(tries) == 3
    assert outcomes(stack)[-1] == {"FanOutRecipients": 50, "FanOutDelivered": 49, "FanOutSlow": 1}


def test_a_post_that_no_retry_would_help_is_logged_and_stops_no_other(
    gateway: ScriptedServer, room: tuple[Client, list[Client], Stack]
) -> None:
    speaker, listeners, stack = room
    refused = listeners[3].connection_id
    gateway.script = lambda request: 403 if request.connection_id == refused else 200

    speaker.send("broadcast", data="x")

    assert outcomes(stack)[-1] == {"FanOutRecipients": 50, "FanOutDelivered": 49}
    assert [e["count"] for e in stack.events() if e.get("event") == "postsRefused"] == [1]


def outcomes(stack: Stack) -> list[dict[str, float]]:
    """Return the outcome metrics of each fan-out, in order."""
    names = ("FanOutRecipients", "FanOutDelivered", "FanOutGone", "FanOutSlow", "FanOutUnsent")
    lines = [event for event in stack.events() if "FanOutRecipients" in event]
    return [{name: line[name] for name in names if name in line} for line in lines]

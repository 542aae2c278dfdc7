"""A thousand listeners, one of them slow: each gets everything, and waits for no other."""

import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest
from msgspec.structs import replace

from chalicelib import aws as wire
from chalicelib import wiring
from chalicelib.actions.ports import Remaining
from chalicelib.domain.posts import FanOutResult
from chalicelib.domain.types import ConnectionId
from chalicelib.settings import Settings
from tests.aws import Aws
from tests.chalicelib.aws.servers import Answer, Request, ScriptedServer
from tests.crowd import crowd
from tests.in_memory import Sockets
from tests.stack import Client, Stack


class Heard(Sockets):
    """Keeps only the seqs sent to each connection: there are fifty thousand messages."""

    seqs: dict[str, list[int]]

    def fan_out(
        self,
        posts: Iterable[tuple[ConnectionId, bytes]],
        remaining: Remaining,  # noqa: ARG002 - there is time
    ) -> FanOutResult:
        result = FanOutResult()
        read: dict[bytes, int] = {}
        for connection_id, data in posts:
            if data not in read:
                read[data] = msgspec.json.decode(data)["seq"]
            self.seqs[connection_id].append(read[data])
            result.delivered += 1
        return result


@pytest.mark.parametrize(("inline_limit", "broadcasts"), [("1000", 50), ("500", 10)])
def test_a_thousand_listeners_have_every_one_of_many_broadcasts_said_at_once(
    aws: Aws, inline_limit: str, broadcasts: int
) -> None:
    stack = Stack(
        aws,
        INLINE_FANOUT_LIMIT=inline_limit,
        MAX_LISTENERS_PER_SESSION="1000",
        AWS_TIMEOUT_SECONDS="60",  # moto answers one after the other, and slowly
    )
    speaker, session_id = stack.session()
    listeners = crowd(stack, session_id, 1000, ("es", "fr"))
    heard = Heard(stack.outside)
    heard.open = stack.sockets.open
    heard.seqs = {each.connection_id: [] for each in listeners}
    wiring.install(replace(stack.services, management=heard))

    def say(number: int) -> int:
        reply = speaker.send("broadcast", data={"number": number})
        assert reply.get("recipients") == 1000, reply
        seq: int = reply["seq"]
        return seq

    with ThreadPoolExecutor(4) as at_once:
        acknowledged = list(at_once.map(say, range(broadcasts)))
    stack.run_jobs()

    given = list(range(1, broadcasts + 1))
    assert sorted(acknowledged) == given
    assert all(sorted(seqs) == given for seqs in heard.seqs.values())


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


def test_a_slow_listener_is_left_alone_for_half_a_minute(
    gateway: ScriptedServer, room: tuple[Client, list[Client], Stack]
) -> None:
    speaker, listeners, stack = room
    slow = listeners[7].connection_id
    gateway.script = lambda request: 429 if request.connection_id == slow else 200

    for _ in range(3):
        speaker.send("broadcast", data="x")
    tried = [request.connection_id for request in gateway.requests].count(slow)
    gateway.script = lambda request: 200  # noqa: ARG005
    stack.clock.advance(30)
    speaker.send("broadcast", data="x")

    assert tried == 3
    assert outcomes(stack)[-1] == {"FanOutRecipients": 50, "FanOutDelivered": 50}


def test_a_listener_gone_behind_the_real_wire_is_counted_out(
    gateway: ScriptedServer, room: tuple[Client, list[Client], Stack]
) -> None:
    speaker, listeners, stack = room
    gone = {each.connection_id for each in listeners[::5]}
    gateway.script = lambda request: 410 if request.connection_id in gone else 200
    stack.clock.advance(60)

    speaker.send("broadcast", data="x")
    stack.run_jobs()

    session_id = speaker.item["sessionId"] if speaker.item else ""
    assert stack.counts(session_id) == (40, {"es": 40})


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
    """The outcome metrics of each fan-out, in order."""
    names = ("FanOutRecipients", "FanOutDelivered", "FanOutGone", "FanOutSlow", "FanOutUnsent")
    lines = [event for event in stack.events() if "FanOutRecipients" in event]
    return [{name: line[name] for name in names if name in line} for line in lines]

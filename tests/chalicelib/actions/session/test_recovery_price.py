"""What is missed costs a bounded number of read units, whatever is asked for."""

import json
import random
from collections.abc import Mapping
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib import wiring
from chalicelib.domain.types import Millis, SessionId
from chalicelib.stores.history import HistoryEntry
from sandbox.dynamodb.model.values import size_of
from tests.stack import Client, Json, Stack

MAX_UNITS = 40
MAX_SLEEP = 0.2
READS = {"GetItem", "Query"}


class Meter:
    """Counts the read units of the calls, as AWS does: whole units of 4 KB, or half of them."""

    def __init__(self, stack: Stack) -> None:
        self.units = 0.0
        self.slept: list[float] = []
        stack.database.on_answer = self.answered
        wiring.install(replace(stack.services, sleep=self.slept.append))

    def answered(self, operation: str, request: Mapping[str, Any], answer: dict[str, Any]) -> None:
        if operation in READS:
            items = answer.get("Items", [answer.get("Item") or {}])
            units = max(1, -(-sum(size_of(item) for item in items) // 4096))
            self.units += units if request.get("ConsistentRead") else units / 2


def fill(stack: Stack, session_id: str, sizes: list[int], expired: int = 0) -> None:
    """Keep broadcasts of these sizes for everybody, of which the first `expired` have expired."""
    now = stack.clock.now
    for seq, size in enumerate(sizes, 1):
        said = {"type": "broadcast", "timestamp": now, "sessionId": session_id, "stream": "*"}
        text = json.dumps({**said, "seq": seq, "data": "x" * size})
        until = Millis(now - 1 if seq <= expired else now + 60_000)
        entry = HistoryEntry(seq, text, until)
        stack.services.history.keep(SessionId(session_id), "*", entry)
    stack.change_session(session_id, streamPositions={"*": len(sizes)})


def recovered(listener: Client, upto: int, meter: Meter) -> list[int]:
    """Recover as a client does, until nothing more comes. Each request is within its bounds."""
    seen: list[int] = []
    for _ in range(upto + 2):
        meter.units, meter.slept[:] = 0, []
        listener.received.clear()
        reply = listener.send("recover", lastSeq={"*": seen[-1] if seen else 0})
        assert meter.units <= MAX_UNITS
        assert sum(meter.slept) <= MAX_SLEEP + 1e-9
        new = [each["seq"] for each in [*reply["missed"], *listener.of_type("broadcast")]]
        seen += new
        if not reply["gap"] or not new:
            break
    return seen


HISTORIES: dict[str, tuple[list[int], int]] = {
    "nothing": ([], 0),
    "captions": ([300] * 400, 0),
    "tiny ones": ([5] * 1500, 0),
    "just small enough for one item": ([3_800] * 80, 0),
    "just too large for one item": ([4_000] * 80, 0),
    "large ones": ([100_000] * 6, 0),
    "the largest": ([130_800] * 3, 0),
    "captions, then large ones": ([100] * 40 + [60_000] * 5, 0),
    "hours of expired ones": ([300] * 900, 880),
    "hours of expired large ones": ([60_000] * 40, 38),
    "all expired": ([300] * 200, 200),
}


@pytest.mark.parametrize("name", HISTORIES)
def test_a_request_costs_at_most_forty_units_and_nothing_is_lost(stack: Stack, name: str) -> None:
    sizes, expired = HISTORIES[name]
    _, session_id = stack.session()
    listener = stack.listener(session_id)
    fill(stack, session_id, sizes, expired)

    seen = recovered(listener, len(sizes), Meter(stack))

    assert seen == list(range(expired + 1, len(sizes) + 1))


@pytest.mark.parametrize("seed", range(5))
def test_so_does_any_mixture(stack: Stack, seed: int) -> None:
    chance = random.Random(seed)
    sizes = [chance.choice([20, 300, 3_000, 3_850, 5_000, 40_000, 129_000]) for _ in range(40)]
    expired = chance.randrange(20)
    _, session_id = stack.session()
    listener = stack.listener(session_id)
    fill(stack, session_id, sizes, expired)

    seen = recovered(listener, len(sizes), Meter(stack))

    assert seen == list(range(expired + 1, len(sizes) + 1))


def test_captions_of_a_short_drop_cost_two_reads(stack: Stack) -> None:
    _, session_id = stack.session()
    listener = stack.listener(session_id)
    fill(stack, session_id, [300] * 20)
    meter = Meter(stack)

    reply: Json = listener.send("recover", lastSeq={"*": 5})

    assert len(reply["missed"]) == 15
    assert meter.units <= 3
    assert meter.slept == []


def test_a_tail_that_will_not_come_is_not_waited_for(stack: Stack) -> None:
    """DynamoDB has deleted what had expired, and nobody has broadcast since."""
    _, session_id = stack.session()
    listener = stack.listener(session_id)
    stack.change_session(session_id, streamPositions={"*": 50})
    meter = Meter(stack)

    reply = listener.send("recover", lastSeq={})

    assert (reply["missed"], reply["gap"]) == ([], True)
    assert meter.slept == []

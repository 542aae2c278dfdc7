"""A status, whatever the number of listeners: their counts are on the session's own item.

`getSessionStatus` for sessions of 10, 500 and 50,000 listeners in twelve languages, by the real
handlers on an in-memory DynamoDB, in a process of its own: `python -m bench.status LISTENERS`.
"""

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from functools import partial

from bench.harness import Figures, Report, interleaved, python
from chalicelib.domain.types import SessionId
from tests.aws import MotoServer
from tests.stack import Stack

_ROOMS = (10, 500, 50_000)
_CALLS = 300
_FIGURE = "ms a status"
_LANGUAGES = ("ar", "de", "en", "es", "fr", "hi", "it", "ja", "ko", "pt", "ru", "zh-Hant-TW")


def main(rounds: int = 5) -> list[Report]:
    """Return one table."""
    report = Report(
        "A status by the number of listeners", f"Twelve languages; the mean of {_CALLS} statuses."
    )
    candidates: dict[str, Callable[[], Figures]] = {
        f"{room:,} listeners": partial(python, "bench.status", str(room)) for room in _ROOMS
    }
    report.rows = interleaved(candidates, rounds)
    least, most = (report.median(f"{room:,} listeners", _FIGURE) for room in (10, 50_000))
    report.require_at_most("ratio of the latency of 50,000 to that of 10", most / least, 1.25)
    return [report]


def measure(listeners: int) -> Figures:
    """Return the time and the calls of DynamoDB of a status."""
    with MotoServer() as server:
        aws = server.fresh("")
        os.environ.update(aws.environ)
        stack = Stack(aws)
        speaker, session_id = stack.session()
        _count(stack, SessionId(session_id), listeners)
        for _ in range(20):
            speaker.send("getSessionStatus")
        start = time.perf_counter()
        for _ in range(_CALLS):
            status = speaker.send("getSessionStatus")
        elapsed = time.perf_counter() - start
        with stack.outside.counted() as made:
            speaker.send("getSessionStatus")
    assert status["listenerCount"] == listeners
    return {_FIGURE: elapsed / _CALLS * 1000, "DynamoDB calls": len(made)}


def _count(stack: Stack, session_id: SessionId, listeners: int) -> None:
    """Set the counts of the session to this many listeners."""
    shards = stack.services.counts.totals(session_id).shards
    counts: list[Counter[str]] = [Counter() for _ in shards]
    for number in range(listeners):
        counts[number % len(shards)][_LANGUAGES[number % len(_LANGUAGES)]] += 1
    for shard, languages in zip(shards, counts, strict=True):
        assert stack.services.counts.repair(shard, languages)


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))

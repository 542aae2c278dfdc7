"""One DynamoDB call through Lectern's client and through boto3, plain and with TLS.

An UpdateItem as the stores make it, with its response decoded, to the stub of `stub.c`; the CPU of
a warm process. The floor is a blocking socket and the bytes of a request signed beforehand.
"""

import json
from collections.abc import Callable
from functools import partial

from bench.harness import Figures, Report, interleaved, python, stub
from bench.wire_clients import CLIENTS, PAIRS

_COUNT = 2000
_PAIRS_COUNT = 200
_LATENCY_MS = 4
_ANSWER = json.dumps(
    {
        "Attributes": {
            "sessionId": {"S": "golden-eagle-427"},
            "listenerCount": {"N": "42"},
            "languageCounts": {"M": {"es": {"N": "15"}, "fr": {"N": "27"}}},
        }
    }
)


def main(rounds: int = 5) -> list[Report]:
    """Return three tables: a call, plain and with TLS, and two calls together."""
    return [*(_calls(rounds, tls=tls) for tls in (False, True)), _pairs(rounds)]


def _calls(rounds: int, *, tls: bool) -> Report:
    how = "with TLS" if tls else "plain"
    report = Report(f"A DynamoDB call, {how}", f"UpdateItem, warm; the mean of {_COUNT:,} calls.")
    with stub(0, tls, _ANSWER) as server:
        candidates: dict[str, Callable[[], Figures]] = {
            name: partial(
                python,
                "bench.wire_clients",
                name,
                server.url,
                str(_COUNT),
                environ=server.boto3_environ if "boto3" in name else server.environ,
            )
            for name in CLIENTS
        }
        report.rows = interleaved(candidates, rounds)
    cpu = partial(report.median, figure="CPU µs a call")
    report.require_at_most(
        "ratio of Lectern's CPU to boto3's client", cpu("Lectern") / cpu("boto3 client"), 0.2
    )
    return report


def _pairs(rounds: int) -> Report:
    report = Report(
        "Two DynamoDB calls, together and in turn",
        f"UpdateItem, warm, plain; {_LATENCY_MS} ms a call; the mean of {_PAIRS_COUNT} pairs.",
    )
    with stub(_LATENCY_MS, tls=False, body=_ANSWER) as server:
        candidates: dict[str, Callable[[], Figures]] = {
            name: partial(
                python,
                "bench.wire_clients",
                name,
                server.url,
                str(_PAIRS_COUNT),
                environ=server.environ,
            )
            for name in PAIRS
        }
        report.rows = interleaved(candidates, rounds)
    wall = partial(report.median, figure="wall µs a call")
    report.require_at_most(
        "ratio of their time together to their time in turn",
        wall("two calls together") / wall("two calls in turn"),
        0.6,
    )
    return report

"""One DynamoDB call through Lectern's client and through boto3, plain and with TLS.

An UpdateItem as the stores make it, with its response decoded, to the stub of `stub.c`; the CPU of
a warm process. The floor is a blocking socket and the bytes of a request signed beforehand.
"""

import json
from collections.abc import Callable
from functools import partial

from bench.harness import Figures, Report, interleaved, python, stub
from bench.wire_clients import CLIENTS

_COUNT = 2000
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
    """Return two tables: plain and with TLS."""
    return [_calls(rounds, tls=tls) for tls in (False, True)]


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

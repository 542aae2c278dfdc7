"""The cheapest memory size of a function: Lambda gives CPU by memory, and bills both.

Each size gets its part of a core (1,769 MB are a whole one) by cgroup v1; calls wait 4 ms for
DynamoDB and 10 ms for a post. The price is that of the request and of its time, by the started
millisecond. Warm; a cold start is one in thousands on a busy stage.
"""

import math
import tempfile
from functools import partial
from pathlib import Path

from bench.billing.meter import CALL_MS, POST_MS
from bench.harness import Figures, Report, can_slice, interleaved, python, stub
from bench.heartbeat import answer_to_the_read, event_of_a_heartbeat

SIZES = (128, 192, 256, 512, 1024, 1769)
_WHOLE_CORE = 1769
_CALLS = 200
_BROADCASTS = 20
_MOST_ROUNDS = 2
"""A small share of a core makes runs long."""
_REQUEST, _GB_MS = 0.20e-6, 0.0000166667 / 1000
_SECRETS = {"JWT_SECRET": "x" * 32, "RESUME_TOKEN_SECRET": "x" * 32}


def main(rounds: int = 3) -> list[Report]:
    """Return one table; none if a process cannot be limited to a part of a core."""
    if not can_slice():
        return []
    report = Report(
        "Memory sizes",
        "ms of a call in a warm process; µ$ is Lambda's price for it, in millionths of a dollar.",
    )
    with (
        tempfile.TemporaryDirectory() as directory,
        stub(CALL_MS, True, answer_to_the_read()) as database,
        stub(POST_MS, True) as management,
    ):
        event = event_of_a_heartbeat(Path(directory))
        environ = database.environ | _SECRETS
        environ |= {
            "AWS_ENDPOINT_URL_DYNAMODB": database.url,
            "API_GATEWAY_ENDPOINT": f"{database.url}/prod",
            "JOBS_QUEUE_URL": f"{database.url}/1/jobs",
        }
        posting = management.environ | {"AWS_ENDPOINT_URL": management.url}
        candidates = {
            f"{size} MB": partial(_measured, size, event, environ, posting, management.url)
            for size in SIZES
        }
        report.rows = interleaved(candidates, min(rounds, _MOST_ROUNDS))
    return [report]


def _measured(
    size: int, event: str, environ: dict[str, str], posting: dict[str, str], url: str
) -> Figures:
    share = size / _WHOLE_CORE
    arguments = ("app", "message", event, str(_CALLS))
    beat = python("bench.cold_start_client", *arguments, environ=environ, share=share)
    told = python(
        "bench.broadcast_client",
        f"{url}/prod",
        "100",
        str(_BROADCASTS * 100),
        environ=posting,
        share=share,
    )
    heartbeat, broadcast = beat["ms of a further call"], told["ms a broadcast"]
    return {
        "heartbeat ms": heartbeat,
        "heartbeat µ$": _price(heartbeat, size),
        "broadcast to 100 ms": broadcast,
        "broadcast µ$": _price(broadcast, size),
        "MB": max(beat["MB"], told.get("MB", 0)),
    }


def _price(milliseconds: float, size: int) -> float:
    return (_REQUEST + math.ceil(milliseconds) * size / 1024 * _GB_MS) * 1e6

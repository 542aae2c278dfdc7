"""A heartbeat, the most frequent action, in a warm process.

The connection is read, its activity is fresh, so nothing is written, and the reply is returned.
Lectern against `bench/peer/app.py`, with TLS to a stub that responds at once.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from bench.harness import Figures, Report, interleaved, python, stub
from chalicelib.domain.session import Connection
from chalicelib.domain.types import ConnectionId, Millis, Role, TenantId
from chalicelib.stores.calls import Together
from chalicelib.stores.connections import ConnectionStore
from chalicelib.stores.dynamodb import Operation, Outcome, PreparedCall, in_turn

_CALLS = 1000
_OWN = "CPU ms of a further call"
_EVENT = Path(__file__).parents[1] / "tests" / "events" / "message.json"


def main(rounds: int = 5) -> list[Report]:
    """Return one table."""
    report = Report(
        "A heartbeat, in a warm process", f"The mean of {_CALLS:,}; one read, no write."
    )
    with stub(0, True, _answer_to_the_read()) as aws:
        more = {
            "AWS_ENDPOINT_URL_DYNAMODB": aws.url,
            "API_GATEWAY_ENDPOINT": f"{aws.url}/prod",
            "JOBS_QUEUE_URL": f"{aws.url}/1/jobs",
            "JWT_SECRET": "x" * 32,
            "RESUME_TOKEN_SECRET": "x" * 32,
        }
        report.rows = interleaved(
            {
                "Lectern": _run("app", aws.environ | more),
                "Chalice and boto3": _run("bench.peer.app", aws.boto3_environ | more),
            },
            rounds,
        )
    report.require_at_most("Lectern's own CPU in ms", report.median("Lectern", _OWN), 0.5)
    return [report]


def _run(app: str, environ: Mapping[str, str]) -> Callable[[], Figures]:
    client = "bench.cold_start_client"
    return partial(python, client, app, "message", str(_EVENT), str(_CALLS), environ=environ)


class _Recorder:
    """A DynamoDB that only records its last request."""

    def call(self, operation: Operation, request: Mapping[str, Any]) -> dict[str, Any]:
        self.asked = (operation, request)
        return {}

    def call_all(self, calls: Sequence[PreparedCall]) -> list[Outcome]:
        return in_turn(self.call, calls)


def _answer_to_the_read() -> str:
    """Return DynamoDB's response to the read: a listener's connection, as the store writes it."""
    now = Millis(int(time.time() * 1000))
    later = Millis(now + 3_600_000)
    connection = Connection(
        connection_id=ConnectionId("L0SM9cOFvHcCIhw="),
        role=Role.LISTENER,
        tenant_id=TenantId("default"),
        user_id=None,
        connected_at=now,
        refresh_at=later,
        warn_at=later,
        expires_at=later,
        last_activity_time=later,
    )
    recorder = _Recorder()
    Together(recorder)(ConnectionStore(recorder, "connections").put_new_call(connection))
    item = recorder.asked[1]["Item"] | {"lastActivityTime": {"N": str(later)}}
    return json.dumps({"Item": item})

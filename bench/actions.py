"""CPU and time of each action: the handler's own, with the DynamoDB client and the jobs it causes.

Lectern against `bench/peer/sessions.py`, both in one process with an in-memory DynamoDB. DynamoDB's
CPU is not counted, but its response times are in the time. The peer does less: no transaction,
seat, limits, history or metrics; `bench/cold_start.py` and `bench/heartbeat.py` compare equal work.
Posts are left out of both: `bench/fanout.py` measures them.
"""

import statistics

from bench.billing.prices import Usage
from bench.billing.rooms import ACTIONS, counted
from bench.harness import Report, Row

_MOST_ROUNDS = 3
_NAMES = {"Lectern": "Lectern", "naive": "Chalice and boto3"}
_FIGURES = {"CPU ms": "cpu_ms", "ms": "wall_ms"}


def main(rounds: int = 3) -> list[Report]:
    """Return one table; about ten seconds a round."""
    report = Report(
        "CPU and time of each action",
        "Plain HTTP to DynamoDB, warm. With Lectern's jobs and stream: a status is two runs of the "
        "schedule, an arrival a handshake and its first reply. ms include the response times of "
        "the in-memory DynamoDB, in the same process.",
    )
    runs = [_used() for _ in range(min(rounds, _MOST_ROUNDS))]
    for action in ACTIONS:
        figures = {}
        for design, name in _NAMES.items():
            for what, field in _FIGURES.items():
                values = [getattr(run[design][action], field) for run in runs]
                figures[f"{name}, {what}"] = (statistics.median(values), min(values), max(values))
        report.rows.append(Row(action.replace("_", " "), figures))
    ours, theirs = (report.median("heartbeat", f"{name}, CPU ms") for name in _NAMES.values())
    report.require_at_most("a heartbeat's CPU, ratio of Lectern to boto3", ours / theirs, 0.5)
    return [report]


def _used() -> dict[str, dict[str, Usage]]:
    with counted() as designs:
        return {name: design.few for name, design in designs.items()}

"""How long single actions take, on the share of a core that each function has on Lambda.

On virtual time: each call of DynamoDB takes 4 ms, a transaction 14, a post 10; CPU takes as long as
on a function's memory. Beside the naive peer (`bench/peer/sessions.py`, 256 MB) and the floor: the
round trips of Lectern alone, without CPU.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bench.crowd import budgets
from bench.crowd.budgets import HEARTBEAT_SECONDS, Lectern, measure, naive
from bench.crowd.storms import quantile
from bench.harness import ROOT, Report, Row

_TIMES = 100
_FEW = 20
_Action = tuple[str, int, float, bool, str]
"""Method, listeners, seconds between two, whether it is frequent, the quantile with a limit."""
ACTIONS: Mapping[str, _Action] = {
    "$connect of a listener": ("connect", 2, 1.0, True, "p50"),
    "heartbeat": ("heartbeat", 2, HEARTBEAT_SECONDS, True, "p99"),
    "heartbeat with wantSeq": ("heartbeat_with_seq", 2, HEARTBEAT_SECONDS, True, "p99"),
    "broadcast to the last of 100": ("broadcast", 100, 1.0, False, "p50"),
    "broadcast to the last of 500": ("broadcast", 500, 1.0, False, "p50"),
    "clean-up of a closed listener": ("close", 100, 1.0, False, "p50"),
    "status of 500 listeners": ("status", 500, 1.0, False, "p50"),
}
_MOST = {
    "$connect of a listener": 15.0,
    "heartbeat": 10.0,
    "heartbeat with wantSeq": 12.0,
    "broadcast to the last of 100": 50.0,
    "broadcast to the last of 500": 150.0,
    "clean-up of a closed listener": 25.0,
    "status of 500 listeners": 20.0,
}


def main(rounds: int = 1) -> list[Report]:
    """Return one table."""
    del rounds
    return [table(ROOT)]


def table(root: Path, times: int = _TIMES, few: int = _FEW) -> Report:
    """Measure the code of this process with the memory sizes of the checkout `root`.

    Frequent actions are done `times` times, the others `few` times. Rooms are seated once for all
    actions of their size.
    """
    report = Report(
        "Actions, in ms, on each function's share of a core",
        "Beside the naive peer, and the floor: Lectern's round trips without any CPU.",
    )
    rooms: dict[tuple[str, int], Any] = {}
    makers: Mapping[str, Callable[[int], Any]] = {
        "Lectern": lambda size: Lectern(root, size, budgets.costs()),
        "naive": naive,
        "floor": lambda size: Lectern(root, size, None),
    }
    for name, (method, size, every, is_frequent, limited) in ACTIONS.items():
        figures: dict[str, tuple[float, float, float]] = {}
        for design, make in makers.items():
            room = rooms.setdefault((design, size), None) or make(size)
            rooms[design, size] = room
            if act := getattr(room, method, None):
                taken = measure(room, act, times if is_frequent else few, every)
                for label, part in (("p50", 0.5), ("p99", 0.99)):
                    figures[f"{design} {label}"] = (quantile(taken, part),) * 3
        report.rows.append(Row(name, figures))
        value = figures[f"Lectern {limited}"][0]
        report.require_at_most(f"{limited} of {name}, in ms", value, _MOST[name])
    return report

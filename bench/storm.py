"""A crowd at one session's door, by real handlers on virtual time, beside the version before.

Each call takes 4 ms, a transaction holds its items for another 10, a post takes 10 ms, an index
lags; CPU does not count. `bench/crowd/before.json` has the figures of the last version whose counts
were on the session's item, by `python -m bench.crowd --of CHECKOUT > bench/crowd/before.json`.
"""

import json
import math

from bench.crowd.picture import draw
from bench.crowd.suite import Figures, run
from bench.harness import HERE, ROOT, Report, Row

_MOST_P95 = {
    "100 joins a second": 80.0,
    "200 joins a second": 80.0,
    "500 joins a second": 150.0,
    "500 come back in 2 s": 100.0,
    "500 close in 2 s": 500.0,
}
_CROWDS = [name for name in _MOST_P95 if "joins" in name]
_ABOUT = {
    "now": "Latencies are from a client's message to its reply, on virtual time.",
    "before": "The same storms on the last version whose counts were on the session's item.",
}


def main(rounds: int = 1) -> list[Report]:
    """Return one table for each version. The same seed gives the same figures."""
    del rounds
    before: Figures = json.loads((HERE / "crowd" / "before.json").read_text())
    versions = {"now": run(ROOT), "before": before}
    draw(versions)
    reports = [_table(name, figures) for name, figures in versions.items()]
    _require(reports[0], versions["now"])
    return reports


def _table(version: str, figures: Figures) -> Report:
    report = Report(f"A crowd at the door, {version}", _ABOUT[version])
    for name, storm in figures.items():
        cells = {key: (value,) * 3 for key, value in storm.items() if math.isfinite(value)}
        report.rows.append(Row(name, cells))
    return report


def _require(report: Report, storms: Figures) -> None:
    for name, most in _MOST_P95.items():
        report.require_at_most(f"refused of {name}", storms[name]["refused"], 0)
        report.require_at_most(f"p95 of {name}, in ms", storms[name]["p95 ms"], most)
    for name in _CROWDS:
        each = storms[name]["conflicts each"]
        report.require_at_most(f"conflicts a join of {name}", each, 0.5)
    seats = storms["600 try for 500 seats"]
    report.require_at_most("distance from 500 seats taken", abs(100 - seats["refused"]), 0)
    end = storms["1,000 are told of the end"]
    report.require_at_most("not told of the end", end["refused"], 0)
    report.require_at_most("s until nobody is left after the end", end["s until done"], 10)
    captions = [storms[f"captions {when}"]["p95 ms"] for when in _DOORS]
    report.require_at_most("p95 of captions, as a ratio", captions[1] / captions[0], 1.5)
    inexact = sum(not storm["exact"] for storm in storms.values())
    report.require_at_most("storms with a count that is not exact", inexact, 0)


_DOORS = ("at an empty door", "while 200 a second join")

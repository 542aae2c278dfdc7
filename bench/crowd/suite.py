"""The storms that are measured, and their figures."""

import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from bench.crowd import storms
from bench.crowd.storms import Outcome

SUITE: Mapping[str, Callable[[Path], Outcome]] = {
    "50 joins a second": partial(storms.joins, rate=50, seconds=5),
    "100 joins a second": partial(storms.joins, rate=100, seconds=5),
    "200 joins a second": partial(storms.joins, rate=200, seconds=5),
    "500 joins a second": partial(storms.joins, rate=500, seconds=2),
    "500 come back in 2 s": storms.come_back,
    "500 close in 2 s": storms.close,
    "1,000 are told of the end": storms.end,
    "600 try for 500 seats": storms.seats,
    "captions at an empty door": partial(storms.captions, rate=0),
    "captions while 100 a second join": partial(storms.captions, rate=100),
    "captions while 200 a second join": partial(storms.captions, rate=200),
}
Figures = dict[str, dict[str, float]]
"""The figures of each storm by its name."""


def run(root: Path, only: str = "") -> Figures:
    """Run the storms whose name contains `only`, on the code of this process."""
    figures = {}
    for name, storm in SUITE.items():
        if only in name:
            figures[name] = storm(root).figures()
            shown = ", ".join(f"{key} {value:.4g}" for key, value in figures[name].items())
            print(f"  {name}: {shown}", file=sys.stderr)
    return figures

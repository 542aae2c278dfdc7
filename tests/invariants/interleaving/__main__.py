"""Plays all pairs of acts and a sample of triples, and prints what breaks a rule.

    python -m tests.invariants.interleaving                     all of it
    python -m tests.invariants.interleaving "join + end"        one cell
    python -m tests.invariants.interleaving "join + end: a3b2"  one schedule, with its calls

Ends with 1 if a rule is broken.
"""

import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from tests.invariants.interleaving.acts import ACTS
from tests.invariants.interleaving.cells import Cell, cell_named, pairs, some_triples
from tests.invariants.interleaving.play import Player, decode

BOUND = 2
TRIPLES = 2_000
TRIPLE_SCHEDULES = 40
SEED = 16


@dataclass(frozen=True)
class Result:
    """The outcome of some cells."""

    cells: int
    schedules: int
    broken: list[str]


def play(cells: Sequence[Cell], most: int | None) -> Result:
    """Play the schedules of some cells, `most` of each."""
    player = Player()
    broken = [str(each) for cell in cells for each in player.explore(cell, BOUND, most)]
    return Result(len(cells), player.played, broken)


def play_all() -> int:
    """Play everything, on all cores. Return 1 if a rule is broken."""
    two = pairs()
    three = some_triples(TRIPLES, SEED)
    broken = _report("pairs", [_of(act.name, two) for act in ACTS], None)
    broken += _report("triples", [three[start::20] for start in range(20)], TRIPLE_SCHEDULES)
    return 1 if broken else 0


def _of(name: str, cells: Sequence[Cell]) -> list[Cell]:
    return [cell for cell in cells if cell.acts[0].name == name]


def _report(what: str, parts: Sequence[Sequence[Cell]], most: int | None) -> int:
    """Play the parts, each in one process, and print what they show. Return what is broken."""
    started = time.monotonic()
    with ProcessPoolExecutor() as pool:
        results = list(pool.map(play, parts, [most] * len(parts)))
    broken = [each for result in results for each in result.broken]
    sys.stdout.writelines(f"{each}\n" for each in broken)
    cells, schedules = (
        sum(getattr(result, name) for result in results) for name in ("cells", "schedules")
    )
    sys.stdout.write(
        f"{cells} {what}, {schedules} schedules, {len(broken)} broken,"
        f" {time.monotonic() - started:.0f} s\n"
    )
    return len(broken)


def replay(name: str) -> int:
    """Play one cell, or one of its schedules. Return 1 if a rule is broken."""
    cell_name, _, choices = name.partition(":")
    cell = cell_named(cell_name)
    if choices:
        schedule = Player().replay(cell, decode(choices.strip()))
        sys.stdout.write(f"{schedule}\n")
        return 1 if schedule.problems else 0
    result = play([cell], None)
    sys.stdout.writelines(f"{each}\n" for each in result.broken)
    sys.stdout.write(f"{result.schedules} schedules, {len(result.broken)} broken\n")
    return 1 if result.broken else 0


def main(arguments: Sequence[str]) -> int:
    """Play all, or what is named."""
    return max(map(replay, arguments)) if arguments else play_all()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

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

from tests.invariants.interleaving.cells import Cell, cell_named, pairs, some_triples
from tests.invariants.interleaving.play import Player, decode

BOUND = 2
TRIPLES = 2_000
TRIPLE_SCHEDULES = 40
SEED = 16
_PARTS = 40


@dataclass(frozen=True)
class Result:
    """The outcome of some cells."""

    schedules: int
    broken: list[str]


def play(names: Sequence[str], most: int | None) -> Result:
    """Play the schedules of some cells, by their names, `most` of each."""
    player = Player()
    cells = map(cell_named, names)
    broken = [str(each) for cell in cells for each in player.explore(cell, BOUND, most)]
    return Result(player.played, broken)


def play_all() -> int:
    """Play everything, on all cores. Return 1 if a rule is broken."""
    broken = _report("pairs", pairs(), None)
    broken += _report("triples", some_triples(TRIPLES, SEED), TRIPLE_SCHEDULES)
    return 1 if broken else 0


def _report(what: str, cells: Sequence[Cell], most: int | None) -> int:
    """Play cells on all cores, and print what they show. Return the number of broken schedules."""
    started = time.monotonic()
    names = [cell.name for cell in cells]
    parts = [names[start::_PARTS] for start in range(_PARTS)]
    with ProcessPoolExecutor() as pool:
        results = list(pool.map(play, parts, [most] * _PARTS))
    broken = [each for result in results for each in result.broken]
    sys.stdout.writelines(f"{each}\n" for each in broken)
    schedules = sum(result.schedules for result in results)
    seconds = time.monotonic() - started
    sys.stdout.write(
        f"{len(cells)} {what}, {schedules} schedules, {len(broken)} broken, {seconds:.0f} s\n"
    )
    return len(broken)


def replay(name: str) -> int:
    """Play one cell, or one of its schedules. Return 1 if a rule is broken."""
    cell, _, choices = name.partition(":")
    if choices:
        schedule = Player().replay(cell_named(cell), decode(choices.strip()))
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

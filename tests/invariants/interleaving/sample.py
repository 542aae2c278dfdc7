"""The schedules that `make test` plays of each cell: few, but some of every pair."""

from collections.abc import Sequence
from random import Random

from tests.invariants.interleaving.cells import Cell
from tests.invariants.interleaving.play import Broken, Player

BOUND = 2
SCHEDULES = 4
"""Of each cell. The first is that without any preemption."""
SEED = 16


def play_sample(player: Player, cells: Sequence[Cell]) -> list[Broken]:
    """Play the sample of each cell. Return the schedules that break a rule."""
    return [
        broken
        for cell in cells
        for broken in player.explore(cell, BOUND, SCHEDULES, Random(f"{SEED} {cell.name}"))
    ]

"""Planted defects, one of each kind, are found (`interleaving/defects.py`)."""

import pytest

from tests.invariants.interleaving.cells import Cell, pairs
from tests.invariants.interleaving.defects import DEFECTS, Defect
from tests.invariants.interleaving.play import Player
from tests.invariants.interleaving.sample import BOUND

each_defect = pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)


@each_defect
def test_a_schedule_of_two_acts_shows_the_defect(defect: Defect) -> None:
    player = Player(defect)

    broken = [each for cell in _cells(defect) for each in player.explore(cell, BOUND)]

    assert defect.made, "the calls are no longer what they were"
    assert broken


def test_without_a_defect_the_same_schedules_break_nothing() -> None:
    player = Player()

    broken = [
        each
        for defect in DEFECTS
        for cell in _cells(defect)
        for each in player.explore(cell, BOUND)
    ]

    assert not broken, "\n".join(map(str, broken))


def _cells(defect: Defect) -> list[Cell]:
    return [
        cell for cell in pairs() if sorted(act.name for act in cell.acts) == sorted(defect.acts)
    ]

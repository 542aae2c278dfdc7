"""The crash matrix: each action of the stack, with a fault at each of its calls."""

import pytest

from tests.invariants import matrix
from tests.invariants.scenes import SCENES, Named


@pytest.mark.parametrize("named", SCENES, ids=lambda named: named.name)
def test_the_rules_hold_wherever_it_breaks(named: Named) -> None:
    cells = matrix.cells(named)
    played = cells if matrix.IS_WHOLE else matrix.one_each(cells)

    problems = [f"{cell}: {problem}" for cell in played for problem in matrix.play(cell)]

    assert not problems, "\n".join(problems)

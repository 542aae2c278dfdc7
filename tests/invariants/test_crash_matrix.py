"""The crash matrix: each thing the stack does, dying between any two of its calls, and each of
these calls going wrong. The rules hold afterwards."""

import pytest

from tests.invariants import matrix
from tests.invariants.scenes import SCENES, Named


@pytest.mark.parametrize("named", SCENES, ids=lambda named: named.name)
def test_the_rules_hold_wherever_it_breaks(named: Named) -> None:
    problems = [
        f"{cell}: {problem}" for cell in matrix.cells(named) for problem in matrix.play(cell)
    ]

    assert not problems, "\n".join(problems)

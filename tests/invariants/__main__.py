"""Plays the whole crash matrix, and prints how many cells each scene has."""

import sys
from collections import Counter

from tests.invariants import matrix
from tests.invariants.scenes import SCENES


def main() -> int:
    """Print a line for each scene. Return 1 if a rule was broken."""
    totals: Counter[str] = Counter()
    for named in SCENES:
        cells = matrix.cells(named)
        problems = [f"  {cell}: {each}" for cell in cells for each in matrix.play(cell)]
        totals += Counter(cells=len(cells), broken=len(problems))
        sys.stdout.write(f"{named.name:<50}{len(cells):>6} cells{len(problems):>6} broken\n")
        sys.stdout.writelines(f"{problem}\n" for problem in problems)
    sys.stdout.write(f"{len(SCENES)} scenes, {totals['cells']} cells, {totals['broken']} broken\n")
    return 1 if totals["broken"] else 0


sys.exit(main())

"""Any order of anything, with faults. `LECTERN_EXAMPLES` says how many (nightly: 5,000).

On a clock that moves by hours there is a fourth of that.
"""

import os

from hypothesis import HealthCheck, settings

from tests.invariants.hours import Hours
from tests.invariants.machine import Sessions

EXAMPLES = int(os.environ.get("LECTERN_EXAMPLES", "200"))


def histories(most: int) -> settings:
    """So many examples of thirty steps each."""
    return settings(
        max_examples=most,
        stateful_step_count=30,
        deadline=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )


Sessions.TestCase.settings = histories(EXAMPLES)
Hours.TestCase.settings = histories(max(EXAMPLES // 4, 1))
TestSessions = Sessions.TestCase
TestHours = Hours.TestCase

"""Any order of anything, with faults. `LECTERN_EXAMPLES` says how many (nightly: 5,000).

On a clock that moves by hours there is a fourth of that, and on another DynamoDB a tenth.
"""

import os
from contextlib import ExitStack

from hypothesis import HealthCheck, settings

from tests.aws import another_dynamodb
from tests.invariants.hours import Hours
from tests.invariants.machine import Sessions
from tests.invariants.memory import Memory

EXAMPLES = int(os.environ.get("LECTERN_EXAMPLES", "120"))


def histories(most: int) -> settings:
    """So many examples of thirty steps each."""
    return settings(
        max_examples=most,
        stateful_step_count=30,
        deadline=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )


class Elsewhere:
    @staticmethod
    def tables(opened: ExitStack) -> Memory:
        return Memory.of(opened.enter_context(another_dynamodb()))


class SessionsElsewhere(Elsewhere, Sessions): ...


class HoursElsewhere(Elsewhere, Hours): ...


Sessions.TestCase.settings = histories(EXAMPLES)
Hours.TestCase.settings = histories(max(EXAMPLES // 4, 1))
SessionsElsewhere.TestCase.settings = histories(max(EXAMPLES // 10, 1))
HoursElsewhere.TestCase.settings = histories(max(EXAMPLES // 40, 1))
TestSessions = Sessions.TestCase
TestHours = Hours.TestCase
TestSessionsElsewhere = SessionsElsewhere.TestCase
TestHoursElsewhere = HoursElsewhere.TestCase

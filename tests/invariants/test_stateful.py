"""Any order of anything, with faults. `LECTERN_EXAMPLES` says how many (nightly: 5,000)."""

import os

from hypothesis import HealthCheck, settings

from tests.invariants.machine import Sessions

EXAMPLES = int(os.environ.get("LECTERN_EXAMPLES", "200"))

Sessions.TestCase.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=30,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
TestSessions = Sessions.TestCase

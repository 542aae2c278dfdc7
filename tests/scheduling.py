"""Which tests share a worker under `-n`, which start first, and which are slow.

Tests of one group run one after the other on one worker, because they share something that takes
long to make: an apply, a browser, a running stack. Long groups start first, so that no worker is
left with one at the end.
"""

from typing import Any

from xdist.scheduler import LoadGroupScheduling

GROUPS = {
    "tests/localcloud/applied/": "local cloud",
    "tests/terraform/": "terraform",
    "tests/browser/": "browser",
    "tests/conformance/test_1_limits.py": "conformance limits",
    "tests/conformance/test_1_issuers.py": "conformance issuers",
    "tests/conformance/test_4_endings.py": "conformance issuers",
    "tests/conformance/": "conformance",
    "tests/docs/test_shell.py": "documented commands",
    "tests/operator/test_tail.py": "operator tail",
    "tests/bench/test_cost.py": "bench cost",
}
"""Groups by the beginning of a test's id; the first that fits counts. The longest come first."""

LONG = (
    "tests/docs/",
    "tests/sandbox/test_make_run.py",
    "tests/sandbox/test_outages.py",
    "tests/operator/",
    "tests/invariants/",
    "tests/conformance/",
    "tests/chalicelib/actions/",
)
"""Beginnings of ids that start before the rest, after the groups."""

SLOW = (
    "test_crash_matrix.py",
    "test_interleavings.py",
    "test_memory.py",
    "test_planted.py",
    "test_stateful.py",
    "test_fuzz.py",
    "test_a_refresh_during_constant_broadcasting_loses_nothing",
    "test_a_thousand_that_fall_silent_together_are_closed_by_jobs_of_a_hundred",
    "test_nothing_crosses_between_two_tenants",
    "test_thousands_of_connections_are_read_once_and_the_idle_closed",
)
"""Files and tests that `make test-quick` leaves to `make test`: seconds each."""


def is_slow(nodeid: str) -> bool:
    """Return True if the quick suite leaves a test out."""
    path, _, test = nodeid.partition("::")
    return path.rpartition("/")[2] in SLOW or test.partition("[")[0] in SLOW


def group_of(nodeid: str) -> str | None:
    """Return the group of a test; None if it may run on any worker."""
    return next((name for start, name in GROUPS.items() if nodeid.startswith(start)), None)


def rank(nodeid: str) -> int:
    """Return a test's place in the order of starting, the smallest first."""
    group = group_of(nodeid)
    if group is not None:
        return list(GROUPS.values()).index(group)
    long = [number for number, start in enumerate(LONG) if nodeid.startswith(start)]
    return len(GROUPS) + (long[0] if long else len(LONG))


class Scheduling(LoadGroupScheduling):  # type: ignore[misc]  # xdist has no types
    """`--dist loadgroup` by the groups above.

    The marker `xdist_group` cannot say so: xdist 3.8 writes it into ids that pytest 9.2 replaces.
    """

    def __init__(self, config: Any, log: Any = None) -> None:
        # The order of collection counts, not the number of tests in a group.
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid) or nodeid

"""Check that the tables, the queue and the management API can be reached."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from msgspec import Struct

from chalicelib.actions.services import Services
from chalicelib.domain.types import ConnectionId, SessionId
from chalicelib.errors import LecternError

_NOBODY = ConnectionId("health")
_SESSION = SessionId("health")
"""No session has that name (PROTOCOL 3)."""


class Check(Struct, frozen=True):
    """The check of one dependency; `problem` is the kind of failure, None if there was none."""

    name: str
    latency: int
    """Milliseconds."""
    problem: str | None = None


def check(services: Services) -> list[Check]:
    """Check all dependencies at once, each by a call that the stack makes all the time."""
    with ThreadPoolExecutor(max_workers=len(_CHECKS)) as pool:
        return list(pool.map(lambda name: _check(services, name), _CHECKS))


def _check(services: Services, name: str) -> Check:
    started = time.monotonic()
    problem = None
    try:
        _CHECKS[name](services)
    except LecternError as error:
        services.telemetry.error("unhealthy", part=name, exception=error)
        problem = type(error).__name__
    return Check(name, round((time.monotonic() - started) * 1000), problem)


_CHECKS: Mapping[str, Callable[[Services], object]] = {
    "table:sessions": lambda services: services.sessions.get(_SESSION),
    "table:counts": lambda services: services.counts.totals(_SESSION, consistent=False),
    "table:connections": lambda services: services.connections.get(_NOBODY),
    "table:subscriptions": lambda services: services.together(
        services.subscriptions.of_connection_call(_NOBODY)
    ),
    "table:requests": lambda services: services.requests.get("health"),
    "table:history": lambda services: services.history.page(_SESSION, "*", 1, 1),
    "table:rate_limits": lambda services: services.seats.holder(_SESSION, "health"),
    "queue:jobs": lambda services: services.jobs.depth(),
    "api:management": lambda services: services.management.reach(),
}

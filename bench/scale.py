"""Limits of scale: what saturates first, by AWS's default quotas and by measurements.

Arithmetic on rates, with a small simulation of a broadcast; docs/run/scale.md explains it. Rates
are per second, in one account and region. Nothing was run on AWS.
"""

from collections.abc import Callable
from dataclasses import dataclass

from bench.billing.picture import save_lines
from bench.harness import Report, Row, exact

CONNECTS, CALLS = 500, 10_000
"""API Gateway's default quotas: new connections, and calls of clients and posts together."""
KEY_WRITES = 1_000
"""Write units a second that one partition key takes, of a table or of an index."""
STREAM_RECORDS = 1_000
"""Records a second that one shard of a table's stream takes; a session's counts are in one."""
INVOCATIONS = 1_000
"""Default concurrency of Lambda."""
HEARTBEAT_SECONDS, SPREAD_SECONDS, STATUS_SECONDS = 50, 240, 30
HANDLER_MS, STATUS_MS, SWEEP_MS = 10.0, 1.3, 0.17
"""At 256 MB: a heartbeat's function; a session's part of a status run; a connection's of a
sweep."""
STATUS_TIMEOUT, SWEEP_SECONDS = 60.0, 60.0
JOB_RECIPIENTS, POST_MS, LANES = 300, 10.0, 32


@dataclass(frozen=True)
class Scene:
    """A load: `broadcasts` a minute in each session; `arrival`: seconds within which all join."""

    sessions: int
    listeners: int
    broadcasts: float
    arrival: float

    @property
    def people(self) -> int:
        return self.sessions * (self.listeners + 1)


Load = Callable[[Scene], float]
LIMITS: dict[str, tuple[Load, float]] = {
    "new connections, while all arrive": (lambda s: s.people / s.arrival, CONNECTS),
    "new connections, when all refresh": (
        lambda s: s.people / max(SPREAD_SECONDS, s.arrival),
        CONNECTS,
    ),
    "calls: heartbeats": (lambda s: s.people / HEARTBEAT_SECONDS, CALLS),
    "calls: heartbeats, statuses and broadcasts": (
        lambda s: (
            s.people / HEARTBEAT_SECONDS
            + s.sessions / STATUS_SECONDS
            + s.sessions * s.broadcasts / 60 * (s.listeners + 1)
        ),
        CALLS,
    ),
    "write units of one session's counts, two a join": (
        lambda s: 2 * s.listeners / s.arrival,
        KEY_WRITES,
    ),
    "stream records of one session": (
        lambda s: s.listeners / s.arrival + s.broadcasts / 60,
        STREAM_RECORDS,
    ),
    "functions at once, for heartbeats": (
        lambda s: s.people / HEARTBEAT_SECONDS * HANDLER_MS / 1000,
        INVOCATIONS,
    ),
    "functions at once, for broadcasts": (
        lambda s: s.sessions * s.broadcasts / 60 * s.listeners * POST_MS / LANES / 1000,
        INVOCATIONS,
    ),
    "seconds of one status run": (lambda s: s.sessions * STATUS_MS / 1000, STATUS_TIMEOUT),
    "seconds of one sweep": (lambda s: s.people * SWEEP_MS / 1000, SWEEP_SECONDS),
}
SCENES = {
    "1 session of 1 M": Scene(1, 1_000_000, 1, 3600),
    "100,000 sessions of 10": Scene(100_000, 10, 1, 3600),
    "1 session of 10,000": Scene(1, 10_000, 20, 300),
}
QUOTAS = (10_000, 20_000, 50_000, 100_000)


def main(rounds: int = 1) -> list[Report]:
    """Return two tables: the load of each limit, and the duration of a broadcast."""
    del rounds  # nothing here varies
    used = Report(
        "Load divided by limit",
        "1 is full. All clients join within an hour, in the last column within five minutes; one "
        "broadcast a minute, in the last column twenty.",
    )
    for name, (load, limit) in LIMITS.items():
        used.rows.append(Row(name, exact({s: load(each) / limit for s, each in SCENES.items()})))
    return [used, _broadcasts()]


def seconds_of_a_broadcast(listeners: int, quota: float) -> float:
    """Simulate second by second: heartbeats first, posts get the rest of the quota and of Lambda.

    Infinite if heartbeats alone take the quota.
    """
    heartbeats = listeners / HEARTBEAT_SECONDS
    lambdas = INVOCATIONS - heartbeats * HANDLER_MS / 1000
    posts_a_second = min(quota - heartbeats, lambdas * LANES * 1000 / POST_MS)
    if posts_a_second <= 0:
        return float("inf")
    left, seconds = float(listeners), POST_MS / 1000
    while left > 0:
        seconds += min(1.0, left / posts_a_second)
        left -= posts_a_second
    return seconds


def _broadcasts() -> Report:
    report = Report(
        "Seconds of a broadcast, by the quota of calls a second",
        f"Jobs of {JOB_RECIPIENTS} posts, while all clients send heartbeats. No figure: "
        "heartbeats alone take the quota.",
    )
    sizes = (500, 10_000, 100_000, 400_000, 1_000_000)
    for size in sizes:
        seconds = {f"{quota:,}": seconds_of_a_broadcast(size, quota) for quota in QUOTAS}
        report.rows.append(Row(f"{size:,} listeners", exact(seconds)))
    points = [10**power * step for power in (2, 3, 4, 5) for step in (1, 2, 5)] + [1_000_000]
    curves = {
        f"{quota:,} calls/s": [seconds_of_a_broadcast(size, quota) for size in points]
        for quota in QUOTAS
    }
    save_lines("scale.png", points, curves, ("listeners", "seconds of a broadcast"))
    return report

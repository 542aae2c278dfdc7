"""sweep_connections: every minute, what nobody else noticed (DESIGN section 5).

Silent sockets are closed, ageing ones told, and sessions ended whose time or whose speaker's grace
is over. What will have to be closed before the next minute gets a job for that second. The scan is
read page by page, so its memory does not grow with the table; what it does not reach before its
time is up goes on in a job. A lease keeps two sweeps from running side by side.
"""

import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from msgspec import Struct

from chalicelib.actions import disconnect, ending, grace, notices, status
from chalicelib.actions.ports import Remaining
from chalicelib.actions.services import Services
from chalicelib.domain import lifetimes
from chalicelib.domain.session import Connection, Session
from chalicelib.domain.types import ConnectionId
from chalicelib.errors import LecternError, UpstreamError
from chalicelib.protocol.codec import encode
from chalicelib.protocol.messages import ConnectionTimeout

SEGMENTS = 4
_LEASE = "sweep_connections"
_RESERVE_SECONDS = 8.0
_PERIOD_MILLIS = 60_000
_IN_ONE_JOB = 100
"""Connections that one job looks at when their time is up."""
_LANGUAGES_SHOWN = 20
_OTHER_LANGUAGES = "other"
"""No language has that name (PROTOCOL 3)."""


class Swept(Struct):
    """What one run found; also what the schedule's invocation answers."""

    checked: int = 0
    idle: int = 0
    closed: int = 0


class Place(Struct, frozen=True):
    """Where a run is in the scan: a segment, and the connection behind which to go on."""

    segment: int = 0
    after: ConnectionId | None = None


def sweep(services: Services, remaining: Remaining, place: Place | None = None) -> Swept:
    """One run, from the beginning or from where an earlier one had to stop."""
    swept = Swept()
    holder = uuid.uuid4().hex
    # A run that crashes must not keep the next minute's from going on: it would have stopped with
    # the reserve left.
    seconds = max(1, int(remaining() - _RESERVE_SECONDS / 2))
    if not services.leases.acquire(_LEASE, holder, services.clock(), seconds):
        services.telemetry.info("sweepIsRunning")
        return swept
    try:
        if place is None:
            _sweep_sessions(services, remaining)
        _sweep_connections(services, remaining, place or Place(), swept)
    finally:
        services.leases.release(_LEASE, holder)
    services.telemetry.metric("ConnectionsChecked", swept.checked)
    _measure(services, swept)
    return swept


def resume(services: Services, job: Mapping[str, Any], remaining: Remaining) -> None:
    """Goes on where a run had to stop, unless another one has begun meanwhile."""
    sweep(services, remaining, Place(job["segment"], job["after"]))


def close_due(services: Services, job: Mapping[str, Any], remaining: Remaining) -> None:
    """Looks at those whose time was to be up by now. What fails is left to the next sweep."""
    swept = Swept()
    for connection_id in job["connections"]:
        if remaining() < _RESERVE_SECONDS:
            break
        with _isolated(services):
            _close_if_due(services, ConnectionId(connection_id), remaining, swept)
    if swept.closed:
        _measure(services, swept)


def _measure(services: Services, swept: Swept) -> None:
    services.telemetry.metric("IdleConnectionsDetected", swept.idle)
    services.telemetry.metric("ConnectionsClosed", swept.closed)


class _Soon:
    """Those that will have to be closed before the next sweep, by the second."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._due: dict[int, list[ConnectionId]] = {}

    def add(self, connection_id: ConnectionId, millis: int) -> None:
        """`millis` is in how much time."""
        seconds = -(-millis // 1000)
        due = self._due.setdefault(seconds, [])
        due.append(connection_id)
        if len(due) == _IN_ONE_JOB:
            self._send(seconds)

    def send(self) -> None:
        for seconds in list(self._due):
            self._send(seconds)

    def _send(self, seconds: int) -> None:
        job = {"kind": "closeDue", "connections": self._due.pop(seconds)}
        with _isolated(self._services):
            self._services.jobs.send(job, seconds)


def _sweep_connections(
    services: Services, remaining: Remaining, place: Place, swept: Swept
) -> None:
    after, soon = place.after, _Soon(services)
    for segment in range(place.segment, SEGMENTS):
        while True:
            page, following = services.connections.scan_page(segment, SEGMENTS, after)
            for connection in page:
                if remaining() < _RESERVE_SECONDS:
                    services.jobs.send({"kind": "sweep", "segment": segment, "after": after})
                    soon.send()
                    return
                with _isolated(services):
                    _sweep_one(services, connection, remaining, swept, soon)
                after = connection.connection_id
            after = following
            if after is None:
                break
    soon.send()


def _sweep_one(
    services: Services,
    connection: Connection,
    remaining: Remaining,
    swept: Swept,
    soon: _Soon,
) -> None:
    swept.checked += 1
    left = lifetimes.close_at(connection, services.settings) - services.clock()
    if left <= 0:
        # The page may be some seconds old by now, and the client may have spoken since.
        _close_if_due(services, connection.connection_id, remaining, swept)
        return
    if left < _PERIOD_MILLIS:
        soon.add(connection.connection_id, left)
    notices.notify(services, connection)


def _close_if_due(
    services: Services, connection_id: ConnectionId, remaining: Remaining, swept: Swept
) -> None:
    current = services.connections.get_current(connection_id)
    if current is None:
        return
    reason = lifetimes.close_reason(current, services.clock(), services.settings)
    if reason == "idle":
        swept.idle += 1
        _tell_timeout(services, current)
    if reason is not None:
        _close(services, current, reason, remaining)
        swept.closed += 1


def _tell_timeout(services: Services, connection: Connection) -> None:
    """As well as can be. Not by `delivery`, which would clean up after a 410 all by itself."""
    now = services.clock()
    silence = lifetimes.idle_seconds(connection, now)
    message = ConnectionTimeout(
        timestamp=now,
        idle_seconds=silence,
        message=f"Nothing was heard for {silence} seconds: send heartbeats to stay.",
    )
    with _isolated(services):
        services.management.post(connection.connection_id, encode(message))


def _close(services: Services, connection: Connection, reason: str, remaining: Remaining) -> None:
    """Cleans up in this process, as `$disconnect` may never come, then closes the socket.

    In that order the `$disconnect` that may come finds nothing left to do.
    """
    disconnect.disconnect(services, connection.connection_id, disconnect.Closing(), remaining)
    with _isolated(services):
        services.management.close(connection.connection_id)
    services.telemetry.metric(
        "ConnectionTimeout", 1, dimensions={"Role": connection.role.value, "Reason": reason}
    )


def _sweep_sessions(services: Services, remaining: Remaining) -> None:
    """Ends sessions whose time is up, or whose speaker's grace is: its job may have been lost."""
    totals: Counter[str] = Counter()
    sessions = 0
    for session in status.active_sessions(services):
        if remaining() < _RESERVE_SECONDS:
            return
        sessions += 1
        totals.update(session.language_counts)
        with _isolated(services):
            _sweep_session(services, session, remaining)
    services.telemetry.metric("ActiveSessions", sessions)
    services.telemetry.metric("TotalListeners", totals.total())
    for language, count in _most_heard(totals).items():
        services.telemetry.metric("ListenersByLanguage", count, dimensions={"Language": language})


def _most_heard(totals: Counter[str]) -> Counter[str]:
    """The languages that get a metric of their own, and the rest as one: each is paid for."""
    shown = Counter(dict(totals.most_common(_LANGUAGES_SHOWN)))
    rest = totals.total() - shown.total()
    return shown + Counter({_OTHER_LANGUAGES: rest})


def _sweep_session(services: Services, session: Session, remaining: Remaining) -> None:
    now = services.clock()
    if session.expires_at <= now:
        ending.end(services, session.session_id, "expired", remaining, overdue=True)
    elif session.grace_deadline is not None and session.grace_deadline <= now:
        grace.run_out(services, session.session_id, session.grace_deadline, remaining)


@contextmanager
def _isolated(services: Services) -> Iterator[None]:
    """What goes wrong with one connection or session is logged, and left to the next run."""
    try:
        yield
    except UpstreamError as error:
        services.telemetry.warning("sweepPartFailed", exception=error)
    except LecternError as error:
        services.telemetry.error("sweepPartFailed", exception=error)

"""sweep_connections: every minute, what nobody else noticed (DESIGN section 5).

Silent sockets are closed, ageing ones told, and sessions ended whose time or whose speaker's grace
is over. The scan is read page by page, so its memory does not grow with the table; what it does not
reach before its time is up goes on in a job. A lease keeps two sweeps from running side by side.
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
    services.telemetry.metric("IdleConnectionsDetected", swept.idle)
    services.telemetry.metric("ConnectionsClosed", swept.closed)
    return swept


def resume(services: Services, job: Mapping[str, Any], remaining: Remaining) -> None:
    """Goes on where a run had to stop, unless another one has begun meanwhile."""
    sweep(services, remaining, Place(job["segment"], job["after"]))


def _sweep_connections(
    services: Services, remaining: Remaining, place: Place, swept: Swept
) -> None:
    after = place.after
    for segment in range(place.segment, SEGMENTS):
        while True:
            page, following = services.connections.scan_page(segment, SEGMENTS, after)
            for connection in page:
                if remaining() < _RESERVE_SECONDS:
                    services.jobs.send({"kind": "sweep", "segment": segment, "after": after})
                    return
                with _isolated(services):
                    _sweep_one(services, connection, remaining, swept)
                after = connection.connection_id
            after = following
            if after is None:
                break


def _sweep_one(
    services: Services, connection: Connection, remaining: Remaining, swept: Swept
) -> None:
    swept.checked += 1
    reason = lifetimes.close_reason(connection, services.clock(), services.settings)
    if reason is None:
        notices.notify(services, connection)
        return
    # The page may be some seconds old by now, and the client may have spoken since.
    current = services.connections.get_current(connection.connection_id)
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

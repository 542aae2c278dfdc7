"""sweep_connections: every minute, what nobody else noticed (DESIGN section 5).

Silent sockets are closed, ageing ones told, and sessions ended whose time or whose speaker's grace
is over. The scan is read page by page, so its memory does not grow with the table; what it does not
reach before its time is up goes on in a job. A lease keeps two sweeps from running side by side.
"""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from chalicelib.actions import disconnect, ending, notices, status
from chalicelib.actions.ports import Remaining
from chalicelib.actions.services import Services
from chalicelib.domain import lifetimes
from chalicelib.domain.session import Connection, Session
from chalicelib.errors import LecternError, UpstreamError
from chalicelib.protocol.codec import encode
from chalicelib.protocol.messages import ConnectionTimeout
from chalicelib.stores.attributes import Item

SEGMENTS = 4
_LEASE = "sweep_connections"
_RESERVE_SECONDS = 8.0


@dataclass
class Swept:
    """What one run found; also what the schedule's invocation answers."""

    checked: int = 0
    idle: int = 0
    closed: int = 0


@dataclass
class Place:
    """Where a run is in the scan: a segment, and the key behind which to go on."""

    segment: int = 0
    start: Item | None = None


def sweep(services: Services, remaining: Remaining, place: Place | None = None) -> Swept:
    """One run, from the beginning or from where an earlier one had to stop."""
    swept = Swept()
    holder = uuid.uuid4().hex
    # No longer than this invocation can live: after a crash the next schedule goes on.
    seconds = int(remaining())
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
    """Goes on where a run had to stop."""
    sweep(services, remaining, Place(job["segment"], job["start"]))


def _sweep_connections(
    services: Services, remaining: Remaining, place: Place, swept: Swept
) -> None:
    for segment in range(place.segment, SEGMENTS):
        start = place.start if segment == place.segment else None
        while True:
            if remaining() < _RESERVE_SECONDS:
                services.jobs.send({"kind": "sweep", "segment": segment, "start": start})
                return
            page, start = services.connections.scan_page(segment, SEGMENTS, start)
            for connection in page:
                with _isolated(services):
                    _sweep_one(services, connection, remaining, swept)
            if start is None:
                break


def _sweep_one(
    services: Services, connection: Connection, remaining: Remaining, swept: Swept
) -> None:
    now = services.clock()
    swept.checked += 1
    silence = lifetimes.idle_seconds(connection, now)
    if silence >= services.settings.connection_idle_timeout_seconds:
        swept.idle += 1
        message = ConnectionTimeout(
            timestamp=now,
            idle_seconds=silence,
            message=f"Nothing was heard for {silence} seconds: send heartbeats to stay.",
        )
        # A post that finds the socket gone would clean up by itself: here it is done below.
        with _isolated(services):
            services.management.post(connection.connection_id, encode(message))
        _close(services, connection, "idle", remaining, swept)
    elif lifetimes.token_expired(connection, now):
        _close(services, connection, "tokenExpired", remaining, swept)
    else:
        notices.notify(services, connection)


def _close(
    services: Services, connection: Connection, reason: str, remaining: Remaining, swept: Swept
) -> None:
    """Cleans up in this process, as `$disconnect` may never come, then closes the socket.

    In that order the `$disconnect` that may come finds nothing left to do.
    """
    disconnect.disconnect(services, connection.connection_id, disconnect.Closing(), remaining)
    with _isolated(services):
        services.management.close(connection.connection_id)
    swept.closed += 1
    services.telemetry.metric(
        "ConnectionTimeout", 1, dimensions={"Role": connection.role.value, "Reason": reason}
    )


def _sweep_sessions(services: Services, remaining: Remaining) -> None:
    """Ends sessions whose time is up, or whose speaker's grace is: its job may have been lost."""
    totals: dict[str, int] = {}
    sessions = 0
    for session in status.active_sessions(services):
        sessions += 1
        for language, count in session.language_counts.items():
            totals[language] = totals.get(language, 0) + count
        with _isolated(services):
            _sweep_session(services, session, remaining)
    services.telemetry.metric("ActiveSessions", sessions)
    services.telemetry.metric("TotalListeners", sum(totals.values()))
    for language, count in totals.items():
        services.telemetry.metric("ListenersByLanguage", count, dimensions={"Language": language})


def _sweep_session(services: Services, session: Session, remaining: Remaining) -> None:
    now = services.clock()
    if session.expires_at <= now:
        ending.end(services, session.session_id, "expired", remaining)
    elif session.grace_deadline is not None and session.grace_deadline <= now:
        ending.end(
            services,
            session.session_id,
            "speakerDisconnected",
            remaining,
            grace_deadline=session.grace_deadline,
        )


@contextmanager
def _isolated(services: Services) -> Iterator[None]:
    """What goes wrong with one connection or session is logged, and left to the next run."""
    try:
        yield
    except UpstreamError as error:
        services.telemetry.warning("sweepPartFailed", cause=type(error).__name__)
    except LecternError as error:
        services.telemetry.error("sweepPartFailed", cause=str(error))

"""sweep_connections: every minute, close, notify and end what is due.

Silent connections are closed, ageing ones get notices, and sessions end whose time, or whose grace
period, is over. What is due before the next sweep gets a job for that second. The scan is read page
by page, so its memory does not grow with the table; what it does not reach in its time goes on in a
job. A lease keeps two sweeps from running side by side.
"""

import uuid

from msgspec import Struct

from chalicelib.actions.connection import grace, notices, timeouts
from chalicelib.actions.connection.due import DueJobs, isolated
from chalicelib.actions.ports import RESERVE_SECONDS, Remaining
from chalicelib.actions.services import Services
from chalicelib.actions.session import end
from chalicelib.actions.session.lookup import active_sessions
from chalicelib.domain import lifetimes
from chalicelib.domain.session import Connection, Session
from chalicelib.protocol.jobs import ResumeSweep

SEGMENTS = 4
"""Segments of the scan of the connections table."""
_BEGINNING = ResumeSweep(segment=0, after=None)
_LEASE = "sweep_connections"


class Swept(Struct):
    """The number of connections that one run checked and closed."""

    checked: int = 0
    idle: int = 0
    closed: int = 0

    def add(self, reason: str | None) -> None:
        """Count a connection by the reason for closing it, None if it was not closed."""
        self.idle += reason == "idle"
        self.closed += reason is not None


def sweep(services: Services, remaining: Remaining, start: ResumeSweep | None = None) -> Swept:
    """Sweep from the beginning, or from where an earlier run had to stop.

    Nothing happens if another sweep is running.
    """
    swept = Swept()
    holder = uuid.uuid4().hex
    # The lease of a run that crashes must be over by the next minute. It stops with the reserve
    # left, so half of that is enough.
    seconds = max(1, int(remaining() - RESERVE_SECONDS / 2))
    if not services.leases.acquire(_LEASE, holder, services.clock(), seconds):
        services.telemetry.info("sweepIsRunning")
        return swept
    try:
        if start is None:
            _sweep_sessions(services, remaining)
        _sweep_connections(services, remaining, start or _BEGINNING, swept)
    finally:
        services.leases.release(_LEASE, holder)
    services.telemetry.metric("ConnectionsChecked", swept.checked)
    timeouts.measure(services, idle=swept.idle, closed=swept.closed)
    return swept


def _sweep_connections(
    services: Services, remaining: Remaining, start: ResumeSweep, swept: Swept
) -> None:
    after, due = start.after, DueJobs(services)
    for segment in range(start.segment, SEGMENTS):
        while True:
            page, following = services.connections.scan_page(segment, SEGMENTS, after)
            for connection in page:
                if remaining() < RESERVE_SECONDS:
                    services.jobs.send(ResumeSweep(segment=segment, after=after))
                    due.send()
                    return
                with isolated(services):
                    _sweep_connection(services, connection, remaining, swept, due)
                after = connection.connection_id
            after = following
            if after is None:
                break
    due.send()


def _sweep_connection(
    services: Services,
    connection: Connection,
    remaining: Remaining,
    swept: Swept,
    due: DueJobs,
) -> None:
    swept.checked += 1
    now = services.clock()
    if lifetimes.close_reason(connection, now, services.settings) is not None:
        # The page may be some seconds old by now, and the client may have spoken since.
        swept.add(timeouts.close_if_due(services, connection.connection_id, remaining))
        return
    due.add(connection, now)
    notices.notify(services, connection)


def _sweep_sessions(services: Services, remaining: Remaining) -> None:
    """End the sessions whose time, or grace period, is over: the job of it may have been lost."""
    for session in active_sessions(services):
        if remaining() < RESERVE_SECONDS:
            return
        with isolated(services):
            _sweep_session(services, session, remaining)


def _sweep_session(services: Services, session: Session, remaining: Remaining) -> None:
    now = services.clock()
    if session.expires_at <= now:
        end.end(services, session.session_id, "expired", remaining, overdue=True)
    elif session.grace_deadline is not None and session.grace_deadline <= now:
        grace.expire(services, session.session_id, session.grace_deadline, remaining)

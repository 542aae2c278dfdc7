"""sweep_connections: every minute, what nobody else noticed (DESIGN section 5).

Silent sockets are closed, ageing ones told, and sessions ended whose time or whose speaker's grace
is over. Who has to be closed or told before the next minute gets a job for that second. The scan is
read page by page, so its memory does not grow with the table; what it does not reach before its
time is up goes on in a job. A lease keeps two sweeps from running side by side.
"""

import uuid
from collections import Counter

from msgspec import Struct

from chalicelib.actions.connection import notices
from chalicelib.actions.connection import timeouts as closing
from chalicelib.actions.connection.due import Soon
from chalicelib.actions.ports import Remaining
from chalicelib.actions.services import Services
from chalicelib.actions.session import end as ending
from chalicelib.actions.session import grace
from chalicelib.actions.upkeep import status
from chalicelib.domain import lifetimes
from chalicelib.domain.session import Connection, Session
from chalicelib.protocol.jobs import ResumeSweep

SEGMENTS = 4
_BEGINNING = ResumeSweep(segment=0, after=None)
_LEASE = "sweep_connections"
_LANGUAGES_SHOWN = 20
_OTHER_LANGUAGES = "other"
"""No language has that name (PROTOCOL 3)."""


class Swept(Struct):
    """What one run found; also what the schedule's invocation answers."""

    checked: int = 0
    idle: int = 0
    closed: int = 0

    def add(self, reason: str | None) -> None:
        """One that was closed, and why; None if it was not."""
        self.idle += reason == "idle"
        self.closed += reason is not None


def sweep(services: Services, remaining: Remaining, start: ResumeSweep | None = None) -> Swept:
    """One run, from the beginning or from where an earlier one had to stop."""
    swept = Swept()
    holder = uuid.uuid4().hex
    # A run that crashes must not keep the next minute's from going on: it would have stopped with
    # the reserve left.
    seconds = max(1, int(remaining() - closing.RESERVE_SECONDS / 2))
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
    closing.measure(services, idle=swept.idle, closed=swept.closed)
    return swept


def _sweep_connections(
    services: Services, remaining: Remaining, start: ResumeSweep, swept: Swept
) -> None:
    after, soon = start.after, Soon(services)
    for segment in range(start.segment, SEGMENTS):
        while True:
            page, following = services.connections.scan_page(segment, SEGMENTS, after)
            for connection in page:
                if remaining() < closing.RESERVE_SECONDS:
                    services.jobs.send(ResumeSweep(segment=segment, after=after))
                    soon.send()
                    return
                with closing.isolated(services):
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
    soon: Soon,
) -> None:
    swept.checked += 1
    now = services.clock()
    if lifetimes.close_reason(connection, now, services.settings) is not None:
        # The page may be some seconds old by now, and the client may have spoken since.
        swept.add(closing.close_if_due(services, connection.connection_id, remaining))
        return
    soon.add(connection, now)
    notices.notify(services, connection)


def _sweep_sessions(services: Services, remaining: Remaining) -> None:
    """Ends sessions whose time is up, or whose speaker's grace is: its job may have been lost."""
    totals: Counter[str] = Counter()
    sessions = 0
    for session in status.active_sessions(services):
        if remaining() < closing.RESERVE_SECONDS:
            return
        sessions += 1
        totals.update(session.language_counts)
        with closing.isolated(services):
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

"""Jobs for connections that must be closed, or sent a notice, before the next sweep."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from msgspec import Struct

from chalicelib.actions.ports import RESERVE_SECONDS, Remaining
from chalicelib.actions.services import Services
from chalicelib.domain import lifetimes
from chalicelib.domain.session import Connection
from chalicelib.domain.types import ConnectionId, Millis
from chalicelib.errors import LecternError, UpstreamError
from chalicelib.protocol.jobs import CloseDue, NotifyDue

SWEEP_MILLIS = 60_000
"""The time between two sweeps."""
_CONNECTIONS_PER_JOB = 100
_MIN_DELAY_MILLIS = 2_000
"""The least delay after a handshake: the socket opens and gets its first reply before."""

_Kind = type[CloseDue | NotifyDue]


class _Moment(Struct, frozen=True):
    kind: _Kind
    seconds: int


class DueJobs:
    """Collects connections by the second in which they are due, and sends a job for each second."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._due: dict[_Moment, list[ConnectionId]] = {}

    def add(self, connection: Connection, now: Millis) -> None:
        """Add what is due for a connection between now and the next sweep."""
        close_at = lifetimes.close_at(connection, self._services.settings)
        self.add_job(CloseDue, connection.connection_id, close_at - now)
        notice_at = lifetimes.next_notice_at(connection, now)
        self.add_job(NotifyDue, connection.connection_id, notice_at - now)

    def add_job(self, kind: _Kind, connection_id: ConnectionId, delay: int) -> None:
        """Add a connection that is due in `delay` milliseconds, unless a sweep comes before."""
        if delay >= SWEEP_MILLIS:
            return
        moment = _Moment(kind, -(-delay // 1000))
        due = self._due.setdefault(moment, [])
        due.append(connection_id)
        if len(due) == _CONNECTIONS_PER_JOB:
            self._send(moment)

    def send(self) -> None:
        """Send the jobs of what has been added."""
        for moment in list(self._due):
            self._send(moment)

    def _send(self, moment: _Moment) -> None:
        job = moment.kind(connections=self._due.pop(moment))
        with isolated(self._services):
            self._services.jobs.send(job, moment.seconds)


def schedule_token_jobs(
    services: Services, connection_id: ConnectionId, expires_at: Millis
) -> None:
    """Send jobs for a token, just shown, that expires before a sweep would notice it."""
    now, due = services.clock(), DueJobs(services)
    notice_at = lifetimes.token_notice_at(expires_at)
    due.add_job(CloseDue, connection_id, max(expires_at - now, _MIN_DELAY_MILLIS))
    due.add_job(NotifyDue, connection_id, max(notice_at - now, _MIN_DELAY_MILLIS))
    due.send()


def for_each(
    services: Services,
    job: CloseDue | NotifyDue,
    remaining: Remaining,
    act: Callable[[ConnectionId], object],
) -> None:
    """Call `act` with each connection of a job, until the invocation's time is nearly up.

    What fails, or is not reached, is left to the next sweep.
    """
    for connection_id in job.connections:
        if remaining() < RESERVE_SECONDS:
            break
        with isolated(services):
            act(connection_id)


@contextmanager
def isolated(services: Services) -> Iterator[None]:
    """Log an error of one connection or session, and leave it to the next run."""
    try:
        yield
    except UpstreamError as error:
        services.telemetry.warning("sweepPartFailed", exception=error)
    except LecternError as error:
        services.telemetry.error("sweepPartFailed", exception=error)

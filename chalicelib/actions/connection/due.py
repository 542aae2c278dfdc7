"""Jobs for that very second: who has to be closed, or told something, before the next sweep."""

from msgspec import Struct

from chalicelib.actions.connection.timeouts import isolated
from chalicelib.actions.services import Services
from chalicelib.domain import lifetimes
from chalicelib.domain.session import Connection
from chalicelib.domain.types import ConnectionId, Millis
from chalicelib.protocol.jobs import CloseDue, NotifyDue

PERIOD_MILLIS = 60_000
"""Between two sweeps."""
_IN_ONE_JOB = 100
"""Connections that one job looks at."""
_OPENING_MILLIS = 2_000
"""What a socket has to open, and to get the reply that its URL asks for, before anything else."""


class _Moment(Struct, frozen=True):
    kind: type[CloseDue | NotifyDue]
    seconds: int


class Soon:
    """Gathers connections by the second in which they are due, and sends the jobs."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._due: dict[_Moment, list[ConnectionId]] = {}

    def add(self, connection: Connection, now: Millis) -> None:
        """What is due for a connection later than now, and before the next sweep."""
        close_at = lifetimes.close_at(connection, self._services.settings)
        self.add_moment(CloseDue, connection.connection_id, close_at - now)
        notice_at = lifetimes.next_notice_at(connection, now)
        self.add_moment(NotifyDue, connection.connection_id, notice_at - now)

    def add_moment(
        self, kind: type[CloseDue | NotifyDue], connection_id: ConnectionId, left: int
    ) -> None:
        """A job of that kind looks at it in `left` milliseconds; none if a sweep comes before."""
        if left >= PERIOD_MILLIS:
            return
        moment = _Moment(kind, -(-left // 1000))
        due = self._due.setdefault(moment, [])
        due.append(connection_id)
        if len(due) == _IN_ONE_JOB:
            self._send(moment)

    def send(self) -> None:
        """Sends what has been gathered."""
        for moment in list(self._due):
            self._send(moment)

    def _send(self, moment: _Moment) -> None:
        job = moment.kind(connections=self._due.pop(moment))
        with isolated(self._services):
            self._services.jobs.send(job, moment.seconds)


def mind_token(services: Services, connection_id: ConnectionId, expires_at: Millis) -> None:
    """Sees to a token that was just shown and runs out before a sweep would have noticed."""
    now, soon = services.clock(), Soon(services)
    notice_at = lifetimes.token_notice_at(expires_at)
    soon.add_moment(CloseDue, connection_id, max(expires_at - now, _OPENING_MILLIS))
    soon.add_moment(NotifyDue, connection_id, max(notice_at - now, _OPENING_MILLIS))
    soon.send()

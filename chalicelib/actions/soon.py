"""Jobs for that very second: who has to be closed, or told something, before the next sweep."""

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.actions.closing import isolated
from chalicelib.actions.services import Services
from chalicelib.domain import lifetimes
from chalicelib.domain.session import NEVER, Connection
from chalicelib.domain.types import ConnectionId, Millis

PERIOD_MILLIS = 60_000
"""Between two sweeps."""
_IN_ONE_JOB = 100
"""Connections that one job looks at."""
_OPENING_MILLIS = 2_000
"""What a socket has to open, and to get the reply that its URL asks for, before anything else."""


class _Moment(Struct, frozen=True):
    kind: str
    seconds: int


class Soon:
    """Gathers connections by the second in which they are due, and sends the jobs."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._due: dict[_Moment, list[ConnectionId]] = {}

    def add(self, connection: Connection, *, after: Millis, least: int = 0) -> None:
        """What is due later than `after`, and before the next sweep; `least` milliseconds ahead."""
        services = self._services
        close_at = lifetimes.close_at(connection, services.settings)
        self._add("closeDue", connection.connection_id, close_at, least)
        notice_at = lifetimes.next_notice_at(connection, after)
        self._add("noticeDue", connection.connection_id, notice_at, least)

    def send(self) -> None:
        """Sends what has been gathered."""
        for moment in list(self._due):
            self._send(moment)

    def _add(self, kind: str, connection_id: ConnectionId, at: Millis, least: int) -> None:
        left = at - self._services.clock()
        if left >= PERIOD_MILLIS:
            return
        moment = _Moment(kind, -(-max(left, least) // 1000))
        due = self._due.setdefault(moment, [])
        due.append(connection_id)
        if len(due) == _IN_ONE_JOB:
            self._send(moment)

    def _send(self, moment: _Moment) -> None:
        job = {"kind": moment.kind, "connections": self._due.pop(moment)}
        with isolated(self._services):
            self._services.jobs.send(job, moment.seconds)


def mind_token(services: Services, connection: Connection, expires_at: Millis | None) -> None:
    """Sees to a token that was just shown and runs out before a sweep would have noticed."""
    shown = replace(
        connection,
        token_expires_at=expires_at,
        token_notice_at=lifetimes.token_notice_at(expires_at),
        # Only its token is of interest: nothing else is due so soon after a word of the client.
        last_activity_time=services.clock(),
        refresh_at=NEVER,
        warn_at=NEVER,
    )
    soon = Soon(services)
    soon.add(shown, after=Millis(0), least=_OPENING_MILLIS)
    soon.send()

"""What an ageing connection is told: refresh, warning, token (PROTOCOL section 4)."""

from msgspec import UNSET

from chalicelib.actions.connection import timeouts as closing
from chalicelib.actions.delivery import deliver as delivery
from chalicelib.actions.ports import Remaining
from chalicelib.actions.services import Services
from chalicelib.domain.lifetimes import Notices, notices_due, postponed, remaining_minutes, told
from chalicelib.domain.session import Connection
from chalicelib.domain.types import ConnectionId, Millis
from chalicelib.protocol import messages
from chalicelib.protocol.jobs import NotifyDue


def notify_due(services: Services, job: NotifyDue, remaining: Remaining) -> None:
    """Tells those who were to be told something by now. What fails is left to the next sweep."""

    def tell(connection_id: ConnectionId) -> None:
        current = services.connections.get_current(connection_id)
        if current is not None:
            notify(services, current)

    closing.in_time(services, job, remaining, tell)


def notify(services: Services, connection: Connection) -> None:
    """Sends what is due to a connection, once, whoever else finds the same at this moment.

    Should this process die on the way, or the client not take it, it is due again in a minute.
    """
    now = services.clock()
    due = notices_due(connection, now)
    later = postponed(connection, due, now)
    if not due or not services.connections.schedule_notices(connection, later):
        return
    for message in _messages(connection, due, now):
        if not delivery.to_one(services, connection.connection_id, message):
            return
    done = told(later, due)
    if done != later:
        services.connections.schedule_notices(later, done)


def _messages(connection: Connection, due: Notices, now: Millis) -> list[messages.Message]:
    """In the order in which a client should read them: the most urgent last."""
    found: list[messages.Message] = []
    if due.token_expiring:
        found.append(
            messages.TokenExpiring(timestamp=now, expires_at=connection.token_expires_at or now)
        )
    if due.refresh:
        found.append(_refresh_required(connection, now))
    if due.warning:
        minutes = remaining_minutes(connection, now)
        found.append(
            messages.ConnectionWarning(
                timestamp=now,
                remaining_minutes=minutes,
                message=f"This connection will be cut in {minutes} minutes: refresh it now.",
            )
        )
    return found


def _refresh_required(connection: Connection, now: Millis) -> messages.ConnectionRefreshRequired:
    return messages.ConnectionRefreshRequired(
        timestamp=now,
        session_id=connection.session_id or "",
        role=connection.role.value,
        target_language=connection.target_language or UNSET,
        connection_age=(now - connection.connected_at) // 1000,
        message="Open a second connection and send refreshConnection there.",
    )

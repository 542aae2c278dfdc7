"""Notices to an ageing connection: refresh, warning, token (PROTOCOL section 4)."""

from msgspec import UNSET

from chalicelib.actions.connection import due
from chalicelib.actions.delivery import deliver
from chalicelib.actions.ports import Remaining
from chalicelib.actions.services import Services
from chalicelib.domain.lifetimes import Notices, notices_due, postponed, remaining_minutes, told
from chalicelib.domain.session import Connection
from chalicelib.domain.types import ConnectionId, Millis
from chalicelib.protocol import messages
from chalicelib.protocol.jobs import NotifyDue


def notify_due(services: Services, job: NotifyDue, remaining: Remaining) -> None:
    """Send the connections of a job the notices that are due."""

    def act(connection_id: ConnectionId) -> None:
        current = services.connections.get_current(connection_id)
        if current is not None:
            notify(services, current)

    due.for_each(services, job, remaining, act)


def notify(services: Services, connection: Connection) -> None:
    """Send a connection the notices that are due, once, even if two invocations find them due.

    They are due again a minute later if the process dies before all are sent, or a post fails.
    """
    now = services.clock()
    notices = notices_due(connection, now)
    later = postponed(connection, notices, now)
    if not notices or not services.connections.schedule_notices(connection, later):
        return
    for message in _messages(connection, notices, now):
        if not deliver.to_one(services, connection.connection_id, message):
            return
    done = told(later, notices)
    if done != later:
        services.connections.schedule_notices(later, done)


def _messages(connection: Connection, notices: Notices, now: Millis) -> list[messages.Message]:
    """Return the messages in the order in which a client should read them: the most urgent last."""
    found: list[messages.Message] = []
    if notices.token_expiring:
        found.append(
            messages.TokenExpiring(timestamp=now, expires_at=connection.token_expires_at or now)
        )
    if notices.refresh:
        found.append(_refresh_required(connection, now))
    if notices.warning:
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

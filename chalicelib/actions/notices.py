"""What an ageing connection is told: refresh, warning, token (PROTOCOL section 4)."""

from typing import Any

from msgspec import UNSET

from chalicelib.actions import delivery
from chalicelib.actions.services import Services
from chalicelib.domain.lifetimes import MINUTE, Notices, notices_due, remaining_minutes
from chalicelib.domain.session import NEVER, Connection
from chalicelib.domain.types import Millis
from chalicelib.protocol import messages


def notify(services: Services, connection: Connection) -> None:
    """Sends what is due to a connection, once, whoever else finds the same at this moment."""
    now = services.clock()
    due = notices_due(connection, now, services.settings)
    if not due or not services.connections.postpone_notices(connection, _changes(due, now)):
        return
    for message in _messages(connection, due, now):
        if not delivery.to_one(services, connection.connection_id, message):
            return


def _changes(due: Notices, now: Millis) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if due.refresh:
        changes["refreshAt"] = now + MINUTE
    if due.warning:
        changes["warned"] = True
    if due.token_expiring:
        changes["tokenNoticeAt"] = NEVER
    return changes


def _messages(connection: Connection, due: Notices, now: Millis) -> list[messages.Message]:
    """In the order in which a client should read them: the most urgent last."""
    told: list[messages.Message] = []
    if due.token_expiring:
        told.append(
            messages.TokenExpiring(timestamp=now, expires_at=connection.token_expires_at or now)
        )
    if due.refresh:
        told.append(_refresh_required(connection, now))
    if due.warning:
        minutes = remaining_minutes(connection, now)
        told.append(
            messages.ConnectionWarning(
                timestamp=now,
                remaining_minutes=minutes,
                message=f"This connection will be cut in {minutes} minutes: refresh it now.",
            )
        )
    return told


def _refresh_required(connection: Connection, now: Millis) -> messages.ConnectionRefreshRequired:
    return messages.ConnectionRefreshRequired(
        timestamp=now,
        session_id=connection.session_id or "",
        role=connection.role.value,
        target_language=connection.target_language or UNSET,
        connection_age=(now - connection.connected_at) // 1000,
        message="Open a second connection and send refreshConnection there.",
    )

"""Close connections whose time is up: when the sweep meets them, or by a job for that second.

The clean-up happens here, as `$disconnect` may never come.
"""

from chalicelib.actions.connection import disconnect, due
from chalicelib.actions.ports import Remaining
from chalicelib.actions.services import Services
from chalicelib.domain import lifetimes
from chalicelib.domain.session import Connection
from chalicelib.domain.types import ConnectionId
from chalicelib.protocol.codec import encode
from chalicelib.protocol.jobs import CloseDue
from chalicelib.protocol.messages import ConnectionTimeout


def close_due(services: Services, job: CloseDue, remaining: Remaining) -> None:
    """Close the connections of a job whose time is up."""
    reasons: list[str | None] = []
    due.for_each(
        services,
        job,
        remaining,
        lambda connection_id: reasons.append(close_if_due(services, connection_id, remaining)),
    )
    closed = len(reasons) - reasons.count(None)
    if closed:
        measure(services, idle=reasons.count("idle"), closed=closed)


def close_if_due(
    services: Services, connection_id: ConnectionId, remaining: Remaining
) -> str | None:
    """Close a connection whose time is up. Return the reason, None if it is not closed here.

    It is not if another invocation has just begun to: a sweep and a job may meet in one second.
    """
    current = services.connections.get_current(connection_id)
    if current is None:
        return None
    now = services.clock()
    reason = lifetimes.close_reason(current, now, services.settings)
    if reason is None or not services.connections.claim_closing(connection_id, now):
        return None
    if reason == "idle":
        _send_timeout(services, current)
    _close(services, current, reason, remaining)
    return reason


def measure(services: Services, *, idle: int, closed: int) -> None:
    services.telemetry.metric("IdleConnectionsDetected", idle)
    services.telemetry.metric("ConnectionsClosed", closed)


def _send_timeout(services: Services, connection: Connection) -> None:
    """Tell an idle client why it is closed. Best effort.

    Not by `deliver.to_one`, which would clean up after a 410 by itself.
    """
    now = services.clock()
    silence = lifetimes.idle_seconds(connection, now)
    message = ConnectionTimeout(
        timestamp=now,
        idle_seconds=silence,
        message=f"Nothing was heard for {silence} seconds: send heartbeats to stay.",
    )
    with due.isolated(services):
        services.management.post(connection.connection_id, encode(message))


def _close(services: Services, connection: Connection, reason: str, remaining: Remaining) -> None:
    """Clean up, then close the socket: a `$disconnect` that follows finds nothing left to do."""
    disconnect.clean_up(services, connection.connection_id, disconnect.CloseEvent(), remaining)
    with due.isolated(services):
        services.management.close(connection.connection_id)
    services.telemetry.metric(
        "ConnectionTimeout", 1, dimensions={"Role": connection.role.value, "Reason": reason}
    )

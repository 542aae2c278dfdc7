"""What is known of a connection when it goes: how long it was there, what it sent and was sent."""

from collections.abc import Iterable

from chalicelib.actions.services import Services
from chalicelib.domain.session import Connection, Session
from chalicelib.domain.types import ConnectionId, Role


def measure(services: Services, connection: Connection) -> None:
    """One connection that is about to be forgotten."""
    session = connection.session_id and services.sessions.get(connection.session_id)
    _measure(services, connection, session or None)


def measure_all(services: Services, ids: Iterable[ConnectionId], session: Session) -> None:
    """The listeners that a session takes with it as it ends."""
    for connection in services.connections.get_many(ids):
        if connection.session_id == session.session_id:
            _measure(services, connection, session)


def _measure(services: Services, connection: Connection, session: Session | None) -> None:
    """`messagesReceived` counts the writes that happen anyway: a lower bound.

    `messagesSent` is counted without any write: from where the streams stood when the listener
    came to follow them, and where they stand now.
    """
    seconds = (services.clock() - connection.connected_at) // 1000
    counts = {"messagesReceivedAtLeast": connection.messages_received}
    if connection.role is Role.LISTENER:
        counts["messagesSent"] = connection.sent_by(session)
    services.telemetry.metric(
        "ConnectionDuration",
        seconds,
        "Seconds",
        dimensions={"Role": connection.role.value},
    )
    services.telemetry.info(
        "disconnected",
        role=connection.role.value,
        sessionId=connection.session_id,
        seconds=seconds,
        **counts,
    )

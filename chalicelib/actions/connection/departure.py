"""What is known of a connection when it goes: how long it was there, what it sent and was sent."""

from chalicelib.actions.services import Services
from chalicelib.domain.session import Connection
from chalicelib.domain.types import Role


def measure(services: Services, connection: Connection) -> None:
    """One connection that is about to be forgotten.

    `messagesReceived` counts the writes that happen anyway: a lower bound. `messagesSent` is
    counted without a write of its own: from where the streams stood when the listener came to
    follow them, and where they stood when it left, or stand now.
    """
    seconds = (services.clock() - connection.connected_at) // 1000
    counts = {"messagesReceivedAtLeast": connection.messages_received}
    if connection.role is Role.LISTENER:
        session = connection.session_id and services.sessions.get(connection.session_id)
        counts["messagesSent"] = connection.sent_by(session or None)
    services.telemetry.metric(
        "ConnectionDuration",
        seconds,
        "Seconds",
        dimensions={"Role": connection.role.value},
    )
    services.telemetry.info(
        "disconnected",
        role=connection.role.value,
        sessionId=connection.session_id or connection.ended_session_id,
        seconds=seconds,
        **counts,
    )

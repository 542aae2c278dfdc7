"""Clean up after a connection that is gone, however that became known.

`$disconnect` comes late, twice or never; the sweep, and a post that gets 410, find the same. All of
them end up here, and each may come again. An error in one part never stops the others.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from msgspec import Struct

from chalicelib.actions.connection import grace
from chalicelib.actions.ports import Remaining
from chalicelib.actions.services import Services
from chalicelib.actions.session import attachments, end, leave
from chalicelib.actions.session.dismissal import HANDOVER_SECONDS
from chalicelib.domain.lifetimes import closed_on_purpose
from chalicelib.domain.session import HANDSHAKE_MILLIS, Connection
from chalicelib.domain.types import ConnectionId, Role, SessionId
from chalicelib.errors import LecternError
from chalicelib.protocol.messages import EndReason

T = TypeVar("T")


class CloseEvent(Struct, frozen=True):
    """The close of a socket. `code` is the WebSocket close code, None if it is unknown."""

    code: int | None = None


def clean_up(
    services: Services, connection_id: ConnectionId, event: CloseEvent, remaining: Remaining
) -> None:
    """Clean up after a connection. Idempotent.

    The record goes last: as long as it exists, the sweep comes to the same connection again. The
    transaction that deletes a listener's record also counts it out of its session.
    """
    started = services.clock()
    failures = _Failures(services)
    connection, attached = _read(services, connection_id, failures)
    if connection is not None:
        with failures.of("session"):
            _leave_as_speaker(services, connection, event, remaining)
    with failures.of("belongings"):
        _detach(services, connection_id, connection, attached)
    if connection is not None:
        with failures.of("metrics"):
            _measure(services, connection)
        if "session" not in failures.parts:
            with failures.of("connection"):
                leave.leave_and_delete(services, connection)
    services.telemetry.metric(
        "DisconnectCleanupLatency", services.clock() - started, "Milliseconds"
    )


def _read(
    services: Services, connection_id: ConnectionId, failures: "_Failures"
) -> tuple[Connection | None, attachments.Attached]:
    """Return a connection and its attachments; None and nothing for what cannot be read."""
    current = services.connections.get_current_call(connection_id)
    keys, ids = attachments.find_calls(services, connection_id)
    connection, topic_keys, request_ids = services.together(
        current.rescued(failures.instead("read", None)),
        keys.rescued(failures.instead("belongings", [])),
        ids.rescued(failures.instead("belongings", [])),
    )
    return connection, attachments.Attached(topic_keys, request_ids)


def on_gone(services: Services, connection_id: ConnectionId) -> None:
    """Clean up after a connection to which a post got 410.

    A connection so young that its handshake may not be over is left alone.
    """
    with _Failures(services).of("read"):
        connection = services.connections.get_current(connection_id)
        if connection is None or services.clock() - connection.connected_at >= HANDSHAKE_MILLIS:
            clean_up(services, connection_id, CloseEvent(), lambda: HANDOVER_SECONDS * 2)


def _leave_as_speaker(
    services: Services, connection: Connection, event: CloseEvent, remaining: Remaining
) -> None:
    """End the session of a speaker, or start its grace period. Nothing for a listener."""
    session_id = connection.session_id
    if connection.role is not Role.SPEAKER or session_id is None:
        return
    if closed_on_purpose(connection, event.code):
        _end(services, connection, session_id, "endedBySpeaker", remaining)
    elif services.settings.speaker_grace_seconds == 0:
        _end(services, connection, session_id, "speakerDisconnected", remaining)
    else:
        grace.start(services, session_id, connection.connection_id, remaining)


def _end(
    services: Services,
    connection: Connection,
    session_id: SessionId,
    reason: EndReason,
    remaining: Remaining,
) -> None:
    end.end(services, session_id, reason, remaining, speaker=connection.connection_id)


def _detach(
    services: Services,
    connection_id: ConnectionId,
    connection: Connection | None,
    attached: attachments.Attached,
) -> None:
    """Cancel subscriptions and requests, or move them to the connection that supersedes this."""
    if connection is not None and connection.superseded_by is not None:
        attachments.move_found(services, connection_id, connection.superseded_by, attached)
        return
    cancelled = attachments.cancel_found(services, connection_id, attached)
    if cancelled.subscriptions:
        services.telemetry.metric("SubscriptionsCancelled", cancelled.subscriptions)
    if cancelled.requests:
        services.telemetry.metric("RequestsCancelled", cancelled.requests)


def _measure(services: Services, connection: Connection) -> None:
    """Log how long a connection lasted, and the messages that it sent and got.

    `messagesReceived` counts the writes that happen anyway: a lower bound. `messagesSent` needs no
    write of its own: it is the distance between the streams' positions when the listener began to
    follow them, and when it left them, or now.
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


class _Failures:
    """The parts of a clean-up that failed. Each is logged, and none stops the others."""

    def __init__(self, services: Services) -> None:
        self._telemetry = services.telemetry
        self.parts: set[str] = set()

    @contextmanager
    def of(self, part: str) -> Iterator[None]:
        try:
            yield
        except LecternError as error:
            self.add(part, error)

    def instead(self, part: str, result: T) -> Callable[[LecternError], T]:
        """Return what notes the error of a call, and gives `result` in its stead."""

        def note(error: LecternError) -> T:
            self.add(part, error)
            return result

        return note

    def add(self, part: str, error: LecternError) -> None:
        self.parts.add(part)
        self._telemetry.error("disconnectPartFailed", part=part, exception=error)
        self._telemetry.metric("MessageErrors", 1, dimensions={"Code": f"disconnect.{part}"})

"""What happens when a socket is gone, however that became known.

`$disconnect` comes late, twice or never, and the sweep and a post's 410 find the same: all of them
end up here, and any of them may come again. An error in one part never stops the others.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import Struct

from chalicelib.actions.connection import departure
from chalicelib.actions.ports import Remaining
from chalicelib.actions.services import Services
from chalicelib.actions.session import attachments as belongings
from chalicelib.actions.session import end as ending
from chalicelib.actions.session import grace
from chalicelib.actions.session import leave as leaving
from chalicelib.domain.lifetimes import asked_for
from chalicelib.domain.session import HANDSHAKE_MILLIS, Connection
from chalicelib.domain.types import ConnectionId, Millis, Role, SessionId
from chalicelib.errors import LecternError
from chalicelib.protocol.messages import EndReason


class Closing(Struct, frozen=True):
    """How a socket closed. `code` is the WebSocket close code, None where none is known."""

    code: int | None = None
    connected_at: Millis | None = None


def disconnect(
    services: Services, connection_id: ConnectionId, closing: Closing, remaining: Remaining
) -> None:
    """Cleans up after a connection; never changes anything the second time.

    The record goes last: as long as it is there, the sweep will come to the same connection again.
    A listener is counted out in the very transaction that deletes its record.
    """
    started = services.clock()
    failures = _Failures(services)
    connection = None
    with failures.of("read"):
        connection = services.connections.get_current(connection_id)
    if connection is not None:
        with failures.of("session"):
            _speaker_left(services, connection, closing, remaining)
    with failures.of("belongings"):
        _belongings(services, connection_id, connection)
    if connection is not None:
        with failures.of("metrics"):
            departure.measure(services, connection)
        if "session" not in failures.parts:
            with failures.of("connection"):
                leaving.remove(services, connection)
    services.telemetry.metric(
        "DisconnectCleanupLatency", services.clock() - started, "Milliseconds"
    )


def found_gone(services: Services, connection_id: ConnectionId) -> None:
    """A post got 410: the same, unless the connection is so young that it may still be opening."""
    with _Failures(services).of("read"):
        connection = services.connections.get_current(connection_id)
        if connection is None or services.clock() - connection.connected_at >= HANDSHAKE_MILLIS:
            disconnect(services, connection_id, Closing(), lambda: ending.RESERVE_SECONDS * 2)


def _speaker_left(
    services: Services, connection: Connection, closing: Closing, remaining: Remaining
) -> None:
    """Ends the session of a speaker, or lets it wait; nothing for any other connection."""
    session_id = connection.session_id
    if connection.role is not Role.SPEAKER or session_id is None:
        return
    if _is_wish(services, connection, closing):
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
    ending.end(services, session_id, reason, remaining, speaker=connection.connection_id)


def _is_wish(services: Services, connection: Connection, closing: Closing) -> bool:
    """Whether the speaker asked for this close (PROTOCOL 6.3)."""
    now = services.clock()
    age = now - (closing.connected_at or connection.connected_at)
    silence = now - connection.heard_at
    return asked_for(closing.code, age, silence)


def _belongings(
    services: Services, connection_id: ConnectionId, connection: Connection | None
) -> None:
    """Subscriptions and requests are cancelled, or go where the client has gone."""
    if connection is not None and connection.superseded_by is not None:
        belongings.move(services, connection_id, connection.superseded_by)
        return
    cleaned = leaving.clean_up(services, connection_id)
    if cleaned.subscriptions:
        services.telemetry.metric("SubscriptionsCancelled", cleaned.subscriptions)
    if cleaned.requests:
        services.telemetry.metric("RequestsCancelled", cleaned.requests)


class _Failures:
    """The parts of a clean-up that went wrong: each is logged, and none stops the others."""

    def __init__(self, services: Services) -> None:
        self._telemetry = services.telemetry
        self.parts: set[str] = set()

    @contextmanager
    def of(self, part: str) -> Iterator[None]:
        try:
            yield
        except LecternError as error:
            self.parts.add(part)
            self._telemetry.error("disconnectPartFailed", part=part, exception=error)
            self._telemetry.metric("MessageErrors", 1, dimensions={"Code": f"disconnect.{part}"})

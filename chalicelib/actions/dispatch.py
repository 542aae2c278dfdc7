"""From a frame to the action it asks for, and to the reply or the error it gets."""

from contextlib import suppress

from msgspec import Struct

from chalicelib.actions.background import requests
from chalicelib.actions.broadcasting import broadcast, controls, topics
from chalicelib.actions.connection import heartbeat, refresh
from chalicelib.actions.ports import Remaining
from chalicelib.actions.registry import ACTIONS
from chalicelib.actions.services import Call, Services
from chalicelib.actions.session import recovery, sessions
from chalicelib.actions.upkeep import status
from chalicelib.domain.lifetimes import activity_millis, token_expired
from chalicelib.domain.session import Connection
from chalicelib.domain.types import ConnectionId, Millis
from chalicelib.errors import ClientError, Code, Forbidden, Unauthorized, UpstreamError
from chalicelib.protocol import requests as protocol
from chalicelib.protocol.codec import Envelope, decode_request, open_envelope
from chalicelib.protocol.messages import Message

_MOVING = (
    protocol.CreateSession,
    protocol.JoinSession,
    protocol.RefreshConnection,
    protocol.ChangeLanguage,
    protocol.LeaveSession,
)
"""What these do depends on where the connection is right now: they are rare, and read it so."""

_ = (broadcast, controls, heartbeat, recovery, refresh, requests, sessions, status, topics)
# Imported for the actions that they register.


class Frame(Struct, frozen=True):
    """One message as it came in."""

    connection_id: ConnectionId
    address: str
    body: bytes
    remaining: Remaining


def read_envelope(services: Services, frame: Frame) -> Envelope:
    """Raises BadRequest: the frame is not a JSON object; its client has been heard all the same."""
    try:
        return open_envelope(frame.body)
    except ClientError:
        _hear(services, frame.connection_id)
        raise


def dispatch(services: Services, frame: Frame, envelope: Envelope) -> Message:
    """Does what a frame asks for, and answers the reply.

    Raises:
        ClientError: it is refused, and the state is as before. UpstreamError: AWS failed.
    """
    try:
        request = decode_request(envelope, frame.body)
    except ClientError:
        _hear(services, frame.connection_id)
        raise
    if isinstance(request, _MOVING):
        connection = services.connections.get_current(frame.connection_id)
        reply = _perform(services, frame, request, connection)
    else:
        reply = _perform_often(services, frame, request)
    reply.id = request.id
    return reply


def _perform_often(services: Services, frame: Frame, request: protocol.Request) -> Message:
    """The cheap read may be stale: should it be what refuses the message, it is done once more."""
    copy = services.connections.get(frame.connection_id)
    try:
        return _perform(services, frame, request, copy)
    except ClientError:
        current = services.connections.get_current(frame.connection_id)
        if _place(current) == _place(copy):
            raise
        return _perform(services, frame, request, current)


def _perform(
    services: Services, frame: Frame, request: protocol.Request, connection: Connection | None
) -> Message:
    now = services.clock()
    connection = _known(connection)
    _note_activity(services, connection, now)
    _check(connection, request, now)
    if connection.handshake_pending:
        # It speaks, so its socket is open: should the welcome job be lost, this makes up for it.
        services.connections.finish_handshake(connection.connection_id)
    call = Call(connection, frame.address, frame.remaining)
    return ACTIONS[type(request)](services, call, request)


def _hear(services: Services, connection_id: ConnectionId) -> None:
    """Notes a message that is refused for what it says; the refusal stands if this fails."""
    with suppress(UpstreamError):
        connection = services.connections.get(connection_id)
        if connection is not None:
            _note_activity(services, connection, services.clock())


def _note_activity(services: Services, connection: Connection, now: Millis) -> None:
    """Any message counts as a heartbeat (PROTOCOL 6.4), one that is refused as well."""
    if now - connection.heard_at > activity_millis(services.settings):
        services.connections.record_activity(connection.connection_id, now)


def _place(connection: Connection | None) -> object:
    """What of a connection can refuse a message."""
    return connection and (
        connection.session_id,
        connection.ended_session_id,
        connection.superseded_by,
        connection.token_expires_at,
    )


def _known(connection: Connection | None) -> Connection:
    if connection is None or connection.superseded_by is not None:
        raise Forbidden(
            Code.FORBIDDEN,
            "this connection is stale: its session goes on over another, or it was taken for gone",
        )
    return connection


def _check(connection: Connection, request: protocol.Request, now: Millis) -> None:
    if connection.role not in request.roles:
        raise Forbidden(Code.FORBIDDEN, f"this is not for a {connection.role.value}")
    if token_expired(connection, now) and not isinstance(request, protocol.Authenticate):
        raise Unauthorized(Code.TOKEN_EXPIRED, "the token has expired: authenticate anew")

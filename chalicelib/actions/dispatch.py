"""Decode a frame, check it, and call the action that it asks for."""

from contextlib import suppress

from msgspec import Struct

from chalicelib.actions.background import submit
from chalicelib.actions.broadcasting import broadcast, controls, topics
from chalicelib.actions.connection import authenticate, heartbeat, refresh, refused
from chalicelib.actions.ports import Remaining
from chalicelib.actions.registry import ACTIONS
from chalicelib.actions.services import Activity, Call, Services
from chalicelib.actions.session import create, end, join, language, leave, recovery, tries
from chalicelib.actions.upkeep import status
from chalicelib.domain.lifetimes import activity_millis, token_expired
from chalicelib.domain.session import Connection
from chalicelib.domain.types import ConnectionId, Millis, Role
from chalicelib.errors import (
    ClientError,
    Code,
    Forbidden,
    PayloadTooLarge,
    Unauthorized,
    UpstreamError,
)
from chalicelib.protocol import requests
from chalicelib.protocol.codec import Envelope, decode_request, open_envelope
from chalicelib.protocol.messages import Message
from chalicelib.stores.calls import Call as StoreCall

_CONSISTENT = (
    requests.CreateSession,
    requests.ChangeLanguage,
    requests.LeaveSession,
)
"""Requests that change the connection's session: they are rare, and read it consistently."""

_WITH_ACTIVITY = (requests.Broadcast,)
"""Requests whose actions let the record of the client's activity go out with calls of their own."""

_ENTRIES = (requests.JoinSession, requests.RefreshConnection)
"""Requests that name a session: the write that reserves a try replaces the read."""

_ACTIONS = (
    authenticate,
    broadcast,
    controls,
    create,
    end,
    heartbeat,
    join,
    language,
    leave,
    recovery,
    refresh,
    status,
    submit,
    topics,
)
"""Imported for the actions that they register."""


class Frame(Struct, frozen=True):
    """One message as it came in; `address` is its sender's."""

    connection_id: ConnectionId
    address: str
    body: bytes
    remaining: Remaining


def read_envelope(services: Services, frame: Frame) -> Envelope:
    """Return the envelope of a frame, which counts as activity even if it is refused.

    Raises BadRequest: it is not a JSON object.
    """
    try:
        return open_envelope(frame.body)
    except ClientError:
        _note_refused(services, frame.connection_id)
        raise


def dispatch(services: Services, frame: Frame, envelope: Envelope) -> Message:
    """Perform the action of a frame, and return the reply.

    Raises:
        ClientError: it is refused, and the state is as before. UpstreamError: AWS failed.
    """
    try:
        request = decode_request(envelope, frame.body)
    except ClientError:
        _note_refused(services, frame.connection_id)
        raise
    if isinstance(request, requests.Heartbeat):
        # A heartbeat is there to be recorded: the write returns what would have to be read.
        before = services.connections.heard_from(frame.connection_id, services.clock())
        reply = _act(services, frame, request, _require_known(before))
    elif isinstance(request, _ENTRIES):
        entering = tries.reserve(services, frame.connection_id)
        reply = _act(services, frame, request, _require_known(entering))
    elif isinstance(request, _CONSISTENT):
        connection = services.connections.get_current(frame.connection_id)
        reply = _perform(services, frame, request, connection)
    else:
        reply = _perform_on_copy(services, frame, request)
    reply.id = request.id
    return reply


def _perform_on_copy(services: Services, frame: Frame, request: requests.Request) -> Message:
    """Perform an action with an eventually consistent read of the connection.

    It may be stale. If the message is refused because of it, the action is performed once more with
    a consistent read.
    """
    copy = services.connections.get(frame.connection_id)
    try:
        return _perform(services, frame, request, copy)
    except ClientError:
        current = services.connections.get_current(frame.connection_id)
        if _authorization(current) == _authorization(copy):
            raise
        return _perform(services, frame, request, current)


def _perform(
    services: Services, frame: Frame, request: requests.Request, connection: Connection | None
) -> Message:
    connection = _require_known(connection)
    if not isinstance(request, _WITH_ACTIVITY):
        _note_activity(services, connection, services.clock())
        return _act(services, frame, request, connection)
    activity = Activity(_activity_call(services, connection, services.clock()))
    try:
        return _act(services, frame, request, connection, activity)
    finally:
        if (left := activity.take()) is not None:
            services.together(left)


def _act(
    services: Services,
    frame: Frame,
    request: requests.Request,
    connection: Connection,
    activity: Activity | None = None,
) -> Message:
    _check(connection, request, services.clock())
    _check_size(connection, frame)
    if connection.handshake_pending:
        # A message came, so the socket is open: this makes up for a lost job of the first reply.
        services.connections.finish_handshake(connection.connection_id)
    call = Call(connection, frame.address, frame.remaining, activity or Activity())
    return ACTIONS[type(request)](services, call, request)


def _note_refused(services: Services, connection_id: ConnectionId) -> None:
    """Note the activity of a message that is refused. The refusal stands if this fails."""
    with suppress(UpstreamError):
        connection = services.connections.get(connection_id)
        if connection is not None:
            refused.require_admitted(connection)
            _note_activity(services, connection, services.clock())


def _note_activity(services: Services, connection: Connection, now: Millis) -> None:
    """Record the client's activity: any message counts, even a refused one (PROTOCOL 6.4)."""
    call = _activity_call(services, connection, now)
    if call is not None:
        services.together(call)


def _activity_call(
    services: Services, connection: Connection, now: Millis
) -> StoreCall[bool] | None:
    """Return the call that records the client's activity, None if that is recorded already."""
    if now - connection.heard_at <= activity_millis(services.settings):
        return None
    return services.connections.record_activity_call(connection.connection_id, now)


def _authorization(connection: Connection | None) -> object:
    """Return the fields of a connection for which a message may be refused."""
    return connection and (
        connection.session_id,
        connection.ended_session_id,
        connection.superseded_by,
        connection.token_expires_at,
    )


def _require_known(connection: Connection | None) -> Connection:
    if connection is None or connection.superseded_by is not None:
        raise Forbidden(
            Code.FORBIDDEN,
            "this connection is stale: its session goes on over another, or it was taken for gone",
        )
    refused.require_admitted(connection)
    return connection


def _check_size(connection: Connection, frame: Frame) -> None:
    """Raise PayloadTooLarge for a listener's large message: what it publishes goes to many."""
    most = requests.CONTROL_MESSAGE_BYTES
    if connection.role is Role.LISTENER and len(frame.body) > most:
        raise PayloadTooLarge(
            Code.PAYLOAD_TOO_LARGE,
            f"a listener's message may have at most {most} bytes, this one has {len(frame.body)}",
        )


def _check(connection: Connection, request: requests.Request, now: Millis) -> None:
    if connection.role not in request.roles:
        raise Forbidden(Code.FORBIDDEN, f"this is not for a {connection.role.value}")
    if token_expired(connection, now) and not isinstance(request, requests.Authenticate):
        raise Unauthorized(Code.TOKEN_EXPIRED, "the token has expired: authenticate again")

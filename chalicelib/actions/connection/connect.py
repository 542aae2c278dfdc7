"""`$connect`: authenticate a handshake, and do what its URL asks for (PROTOCOL section 1)."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from msgspec import Struct, UnsetType
from msgspec.structs import replace

from chalicelib.actions.connection import disconnect, refresh, refused
from chalicelib.actions.connection.authenticate import withdrawn_call
from chalicelib.actions.connection.due import isolated, schedule_token_jobs
from chalicelib.actions.ports import Remaining
from chalicelib.actions.services import Call, Services
from chalicelib.actions.session import access, create, join, limits, lookup
from chalicelib.domain import lifetimes
from chalicelib.domain.session import Connection
from chalicelib.domain.types import ConnectionId, Millis, Role, SessionId
from chalicelib.errors import (
    ClientError,
    Code,
    Conflict,
    Forbidden,
    Unauthorized,
    UpstreamError,
)
from chalicelib.identity.credentials import find_token
from chalicelib.identity.tokens import Identity
from chalicelib.protocol import requests
from chalicelib.protocol.codec import Envelope, decode_handshake
from chalicelib.protocol.jobs import FirstReply
from chalicelib.protocol.validation import invalid

_ACTIONS: Mapping[type[requests.Request], Callable[[Services, Call, Any], object]] = {
    requests.CreateSession: partial(create.create_session, handshake_pending=True),
    requests.JoinSession: partial(join.join_session, handshake_pending=True),
    requests.RefreshConnection: partial(refresh.refresh_connection, handshake_pending=True),
}


_IN_BAND = "message"
_NOT_FIELDS = ("action", "token", "refusal")
"""The parameters of a URL that are no fields of its action."""


class Handshake(Struct, frozen=True):
    """The headers and parameters of `$connect`, which no later event has.

    `headers` has the lines of each header, and `parameters` the values of each query parameter.
    """

    connection_id: ConnectionId
    connected_at: Millis
    address: str
    headers: Mapping[str, Sequence[str]]
    parameters: Mapping[str, Sequence[str]]

    @property
    def envelope(self) -> Envelope:
        """The `action` and `id` of the URL, for an error that repeats them."""
        values = {name: self.parameters.get(name, ()) for name in ("action", "id")}
        return Envelope(**{name: next(iter(each), None) for name, each in values.items()})

    def is_told(self, refusal: ClientError) -> bool:
        """Return True if the refusal is told in band (PROTOCOL 1.3)."""
        wanted = list(self.parameters.get("refusal", ())) == [_IN_BAND]
        return wanted and refusal.status in refused.STATUSES


def accept(services: Services, handshake: Handshake, remaining: Remaining) -> None:
    """Accept a handshake.

    Raises:
        ClientError: the handshake is refused with its status, and nothing is left of it.
    """
    try:
        opening = _opening(services, handshake)
    except ClientError as refusal:
        # What is refused without a read counts as an attempt too.
        caller = limits.by_address(services, handshake.address)
        (limited,) = services.together(limits.connect_call(services, caller))
        raise limited or refusal from None
    connection = _add(services, handshake, opening)
    if opening.identity is not None:
        expires_at = opening.identity.expires_at
        schedule_token_jobs(services, connection.connection_id, expires_at)
    if opening.request is not None:
        _perform(services, Call(connection, handshake.address, remaining), opening.request)


class _Opening(Struct, frozen=True):
    """What a handshake asks for, as far as it can be checked without a read."""

    connection: Connection
    identity: Identity | None
    request: requests.Request | None


def _opening(services: Services, handshake: Handshake) -> _Opening:
    """Check a handshake. Raises ClientError."""
    query = _query(handshake.parameters)
    role = _role(query)
    token = find_token(handshake.headers, query)
    identity = None if token is None else services.tokens.verify(token, services.clock())
    if role is Role.SPEAKER and identity is None:
        raise Unauthorized(Code.UNAUTHORIZED, "a speaker needs a token")
    request = _request(query, role)
    connection = _connection(services, handshake, role, identity)
    if isinstance(request, requests.JoinSession | requests.RefreshConnection):
        # The try is reserved by the very write that adds the connection.
        connection = replace(connection, join_tries=1, join_tries_since=handshake.connected_at)
    return _Opening(connection, identity, request)


def _add(services: Services, handshake: Handshake, opening: _Opening) -> Connection:
    """Add the connection beside the reads that may refuse it; a refused one is deleted again.

    Raises RateLimited, Unauthorized: its user has been removed. UpstreamError.
    """
    limit = limits.connect_call(services, _caller(services, handshake, opening))
    added = services.connections.put_new_call(opening.connection)
    withdrawn = None
    try:
        if opening.identity is None:
            limited, is_new = services.together(limit, added)
        else:
            check = withdrawn_call(services, opening.identity)
            limited, is_new, withdrawn = services.together(limit, added, check)
    except UpstreamError:
        _take_back(services, opening.connection)
        raise
    refusal = limited or withdrawn
    if refusal is not None:
        if is_new:
            _take_back(services, opening.connection)
        raise refusal
    if is_new:
        return opening.connection
    # This event came before: the work of the first time stands.
    before = lookup.reload_connection(services, opening.connection.connection_id)
    refused.require_admitted(before)
    return before


def _caller(services: Services, handshake: Handshake, opening: _Opening) -> limits.Caller:
    """Return who a handshake counts for.

    A resume token of the very session that is asked for is proof enough: no guess has one.
    """
    request, identity = opening.request, opening.identity
    if identity is not None:
        user = services.hasher.user(identity.tenant_id, identity.user_id)
        return limits.Caller("user", user)
    if isinstance(request, requests.JoinSession | requests.RefreshConnection):
        session_id, token = SessionId(request.session_id), request.resume_token
        participant = access.participant_of(services, opening.connection, session_id, token)
        if participant is not None:
            return limits.Caller("participant", f"{session_id}:{participant}")
    return limits.by_address(services, handshake.address)


def _take_back(services: Services, connection: Connection) -> None:
    """Delete the connection of a refused handshake. If that fails, the sweep finds it."""
    with isolated(services):
        services.connections.delete(connection)


def _query(parameters: Mapping[str, Sequence[str]]) -> Mapping[str, str]:
    """Return the value of each parameter. Raises BadRequest: one is repeated, or `refusal` bad."""
    repeated = [name for name, values in parameters.items() if len(values) > 1]
    if repeated:
        raise invalid(*((name, "must not be repeated") for name in repeated))
    query = {name: value for name, (value,) in parameters.items()}
    if query.get("refusal", _IN_BAND) != _IN_BAND:
        raise invalid(("refusal", f"must be {_IN_BAND}"))
    return query


def _role(query: Mapping[str, str]) -> Role:
    name = query.get("role", Role.LISTENER.value)
    try:
        return Role(name)
    except ValueError:
        raise invalid(("role", "must be speaker or listener")) from None


def _request(query: Mapping[str, str], role: Role) -> requests.Request | None:
    """Return the request in the URL, validated as far as it can be without a read."""
    action = query.get("action")
    if action is None:
        return None
    parameters = {name: value for name, value in query.items() if name not in _NOT_FIELDS}
    parameters.setdefault("role", role.value)
    request = decode_handshake(action, parameters)
    if role not in request.roles:
        raise Forbidden(Code.FORBIDDEN, f"{action} is not for a {role.value}")
    return request


def _connection(
    services: Services, handshake: Handshake, role: Role, identity: Identity | None
) -> Connection:
    connection = lifetimes.new_connection(
        handshake.connection_id, role, handshake.connected_at, services.settings
    )
    if identity is None:
        return connection
    return replace(
        connection,
        tenant_id=identity.tenant_id,
        user_id=identity.user_id,
        token_expires_at=identity.expires_at,
        token_notice_at=lifetimes.token_notice_at(identity.expires_at),
    )


def _perform(services: Services, call: Call, request: requests.Request) -> None:
    """Perform the request of the URL, and leave the reply to a job: the socket is not open yet."""
    try:
        if call.connection.session_id is None:
            _enter(services, call, request)
        services.replies.send(_first_reply(call, request))
    except Exception:
        # The speaker never learns of a new session, so it ends; a session to go on with waits.
        code = 1000 if isinstance(request, requests.CreateSession) else None
        event = disconnect.CloseEvent(code=code)
        disconnect.clean_up(services, call.connection_id, event, call.remaining)
        raise


def _enter(services: Services, call: Call, request: requests.Request) -> None:
    """Perform the request, unless it is done: the same event may be running side by side."""
    try:
        _ACTIONS[type(request)](services, call, request)
    except Conflict as refusal:
        if refusal.code is not Code.ALREADY_IN_SESSION:
            raise


def _first_reply(call: Call, request: requests.Request) -> FirstReply:
    last_seq: dict[str, int] | UnsetType | None = None
    if isinstance(request, requests.JoinSession | requests.RefreshConnection):
        last_seq = request.last_seq
    return FirstReply(
        connection_id=call.connection_id,
        refresh=isinstance(request, requests.RefreshConnection),
        last_seq=None if isinstance(last_seq, UnsetType) else last_seq,
        id=None if isinstance(request.id, UnsetType) else request.id,
    )

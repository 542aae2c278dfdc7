"""`$connect`: who is coming, may they, and what do they want at once (PROTOCOL section 1)."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from msgspec import Struct, UnsetType

from chalicelib.actions.connection import authenticate as admission
from chalicelib.actions.connection import disconnect, refresh
from chalicelib.actions.connection import due as soon
from chalicelib.actions.ports import Remaining
from chalicelib.actions.services import Call, Services
from chalicelib.actions.session import limits, seating, sessions
from chalicelib.domain import lifetimes
from chalicelib.domain.session import Connection
from chalicelib.domain.types import ConnectionId, Millis, Role
from chalicelib.errors import BadRequest, Code, Forbidden, Unauthorized
from chalicelib.identity.credentials import find_token
from chalicelib.identity.tokens import Identity
from chalicelib.protocol import requests
from chalicelib.protocol.codec import decode_handshake
from chalicelib.protocol.jobs import FirstReply

_ACTIONS: Mapping[type[requests.Request], Callable[[Services, Call, Any], object]] = {
    requests.CreateSession: partial(sessions.create_session, opening=True),
    requests.JoinSession: partial(sessions.join_session, opening=True),
    requests.RefreshConnection: partial(refresh.refresh_connection, opening=True),
}


class Handshake(Struct, frozen=True):
    """What `$connect` brings, and no later event does: headers and query."""

    connection_id: ConnectionId
    connected_at: Millis
    address: str
    headers: Mapping[str, str]
    query: Mapping[str, str]


def connect(services: Services, handshake: Handshake, remaining: Remaining) -> str | None:
    """Accepts a handshake; answers the subprotocol to confirm, if the client offered ours.

    Raises:
        ClientError: the handshake is refused with its status, and nothing is left of it.
    """
    limits.limit_connects(services, handshake.address)
    role = _role(handshake.query)
    token, subprotocol = find_token(handshake.headers, handshake.query)
    identity = None if token is None else admission.identify(services, token)
    if role is Role.SPEAKER and identity is None:
        raise Unauthorized(Code.UNAUTHORIZED, "a speaker needs a token")
    request = _request(handshake.query, role)
    connection = _connection(services, handshake, role, identity)
    if not services.connections.put_new(connection):
        # This handshake runs a second time: what it did before stands.
        connection = seating.reread(services, connection.connection_id)
    if identity is not None:
        soon.mind_token(services, connection.connection_id, identity.expires_at)
    if request is not None:
        _act(services, Call(connection, handshake.address, remaining), request)
    return subprotocol


def _role(query: Mapping[str, str]) -> Role:
    name = query.get("role", Role.LISTENER.value)
    try:
        return Role(name)
    except ValueError:
        problem = "must be speaker or listener"
        raise BadRequest(
            Code.INVALID_MESSAGE, f"role: {problem}", details=[("role", problem)]
        ) from None


def _request(query: Mapping[str, str], role: Role) -> requests.Request | None:
    """What the URL asks for at once, checked as far as it can be without looking anything up."""
    action = query.get("action")
    if action is None:
        return None
    parameters = {name: value for name, value in query.items() if name not in ("action", "token")}
    parameters.setdefault("role", role.value)
    request = decode_handshake(action, parameters)
    if role not in request.roles:
        raise Forbidden(Code.FORBIDDEN, f"{action} is not for a {role.value}")
    return request


def _connection(
    services: Services, handshake: Handshake, role: Role, identity: Identity | None
) -> Connection:
    token_expires_at = identity.expires_at if identity else None
    return Connection(
        connection_id=handshake.connection_id,
        role=role,
        tenant_id=identity.tenant_id if identity else None,
        user_id=identity.user_id if identity else None,
        connected_at=handshake.connected_at,
        refresh_at=lifetimes.first_refresh_at(
            handshake.connection_id, role, handshake.connected_at, services.settings
        ),
        warn_at=lifetimes.warn_at(handshake.connected_at, services.settings),
        expires_at=lifetimes.connection_expiry(handshake.connected_at),
        token_expires_at=token_expires_at,
        token_notice_at=lifetimes.token_notice_at(token_expires_at),
    )


def _act(services: Services, call: Call, request: requests.Request) -> None:
    """Does what the URL asks for, and leaves the reply to a job: the socket is not open yet."""
    try:
        if call.connection.session_id is None:
            _ACTIONS[type(request)](services, call, request)
        services.jobs.send(
            FirstReply(
                connection_id=call.connection_id,
                refresh=isinstance(request, requests.RefreshConnection),
                last_seq=_last_seq(request),
                id=None if isinstance(request.id, UnsetType) else request.id,
            )
        )
    except Exception:
        # A new session that its speaker never hears of is over; one that was to go on waits.
        wish = 1000 if isinstance(request, requests.CreateSession) else None
        closing = disconnect.Closing(code=wish)
        disconnect.disconnect(services, call.connection_id, closing, call.remaining)
        raise


def _last_seq(request: requests.Request) -> dict[str, int] | None:
    if not isinstance(request, requests.JoinSession | requests.RefreshConnection):
        return None
    return None if isinstance(request.last_seq, UnsetType) else request.last_seq

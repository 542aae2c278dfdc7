"""heartbeat and authenticate: what keeps a connection alive."""

from chalicelib.actions.connection import authenticate as admission
from chalicelib.actions.connection import due as soon
from chalicelib.actions.connection import notices
from chalicelib.actions.delivery import deliver as delivery
from chalicelib.actions.registry import action
from chalicelib.actions.services import Call, Services
from chalicelib.actions.session import replies
from chalicelib.domain.lifetimes import token_notice_at
from chalicelib.domain.session import Connection, Session
from chalicelib.domain.types import Role
from chalicelib.errors import Code, Forbidden
from chalicelib.protocol import messages, requests

_STATE_HEARTBEATS = 2
"""For so many heartbeats after a control its state is told again: at least one falls in there."""


@action(requests.Heartbeat)
def heartbeat(services: Services, call: Call, request: requests.Heartbeat) -> messages.HeartbeatAck:
    """Says how old the connection is; reads nothing but what `wantSeq` asks for."""
    notices.notify(services, call.connection)
    now = services.clock()
    reply = messages.HeartbeatAck(
        timestamp=now,
        connection_age=(now - call.connection.connected_at) // 1000,
        heartbeat_interval=services.settings.heartbeat_interval_seconds,
    )
    if request.want_seq and call.connection.session_id is not None:
        session = services.sessions.get(call.connection.session_id)
        if session is not None:
            reply.last_seq = session.positions(call.connection.target_language)
            _tell_state_again(services, call.connection, session)
    return reply


def _tell_state_again(services: Services, connection: Connection, session: Session) -> None:
    """For whom a control of late did not reach: the index showed them a moment after it, or 429.

    A heartbeat with `wantSeq` has read the session anyway. Who knows the state already sees by its
    `stateVersion` that it is no news.
    """
    window = _STATE_HEARTBEATS * services.settings.heartbeat_interval_seconds * 1000
    fresh = services.clock() - session.broadcasting.last_state_change <= window
    changed = session.is_active and session.state_version > 1
    if connection.role is Role.LISTENER and changed and fresh:
        delivery.to_one(
            services, connection.connection_id, replies.state_changed(services, session)
        )


@action(requests.Authenticate)
def authenticate(
    services: Services, call: Call, request: requests.Authenticate
) -> messages.Authenticated:
    """Takes a newer token of the same user and tenant.

    Raises:
        Unauthorized: the token is not valid, or withdrawn. Forbidden: it is somebody else's, or
        the connection is anonymous.
    """
    identity = admission.identify(services, request.token)
    connection = call.connection
    if (identity.user_id, identity.tenant_id) != (connection.user_id, connection.tenant_id):
        raise Forbidden(Code.FORBIDDEN, "this token is not the one of this connection's user")
    if not services.connections.renew_token(
        call.connection_id, identity.expires_at, token_notice_at(identity.expires_at)
    ):
        raise Forbidden(Code.FORBIDDEN, "this connection has just been closed")
    soon.mind_token(services, connection.connection_id, identity.expires_at)
    return messages.Authenticated(timestamp=services.clock())

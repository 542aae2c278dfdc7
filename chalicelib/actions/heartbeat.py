"""heartbeat and authenticate: what keeps a connection alive."""

from chalicelib.actions import notices
from chalicelib.actions.services import Call, Services
from chalicelib.domain.lifetimes import token_notice_at
from chalicelib.errors import Code, Forbidden
from chalicelib.protocol import messages, requests


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
    return reply


def authenticate(
    services: Services, call: Call, request: requests.Authenticate
) -> messages.Authenticated:
    """Takes a newer token of the same user and tenant.

    Raises:
        Unauthorized: the token is not valid. Forbidden: it is somebody else's, or the connection
        is anonymous.
    """
    identity = services.tokens.verify(request.token, services.clock())
    connection = call.connection
    if (identity.user_id, identity.tenant_id) != (connection.user_id, connection.tenant_id):
        raise Forbidden(Code.FORBIDDEN, "this token is not the one of this connection's user")
    if not services.connections.renew_token(
        call.connection_id, identity.expires_at, token_notice_at(identity.expires_at)
    ):
        raise Forbidden(Code.FORBIDDEN, "this connection has just been closed")
    return messages.Authenticated(timestamp=services.clock())

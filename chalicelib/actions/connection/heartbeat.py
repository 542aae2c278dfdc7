"""heartbeat."""

from chalicelib.actions.connection import notices
from chalicelib.actions.delivery import deliver
from chalicelib.actions.registry import action
from chalicelib.actions.services import Call, Services
from chalicelib.actions.session import replies
from chalicelib.domain.session import Connection, Session
from chalicelib.domain.types import Role
from chalicelib.protocol import messages, requests

_STATE_HEARTBEATS = 2
"""Heartbeat intervals for which a control's state is resent: at least one heartbeat falls in."""


@action(requests.Heartbeat)
def heartbeat(services: Services, call: Call, request: requests.Heartbeat) -> messages.HeartbeatAck:
    """Return the connection's age; only `wantSeq` costs a read."""
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
            _resend_state(services, call.connection, session)
    return reply


def _resend_state(services: Services, connection: Connection, session: Session) -> None:
    """Resend a state that a listener may have missed: the index showed it too late, or it got 429.

    A heartbeat with `wantSeq` has read the session anyway. A client that knows the state sees by
    its `stateVersion` that it is not new.
    """
    window = _STATE_HEARTBEATS * services.settings.heartbeat_interval_seconds * 1000
    is_recent = services.clock() - session.broadcasting.last_state_change <= window
    changed = session.is_active and session.state_version > 1
    if connection.role is Role.LISTENER and changed and is_recent:
        deliver.to_one(services, connection.connection_id, replies.state_changed(services, session))

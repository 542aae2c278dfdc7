"""Sessions and connections in the form that operators see."""

from msgspec import UNSET

from chalicelib.actions.services import Services
from chalicelib.actions.session.replies import broadcast_state, end_reason
from chalicelib.api.responses import ConnectionView, SessionView
from chalicelib.domain.lifetimes import idle_seconds
from chalicelib.domain.session import Connection, Session
from chalicelib.domain.status import distribution
from chalicelib.domain.types import Millis


def session_view(services: Services, session: Session) -> SessionView:
    """Return the current view of a session. `speakerConnected` is false in a grace period."""
    until = session.ended_at or services.clock()
    totals = services.counts.totals(session.session_id)
    return SessionView(
        session_id=session.session_id,
        tenant_id=session.tenant_id,
        speaker_user_id=session.speaker_user_id,
        speaker_connected=session.is_active and session.grace_deadline is None,
        source_language=session.source_language,
        quality_tier=session.quality_tier,
        is_active=session.is_active,
        created_at=session.created_at,
        expires_at=session.expires_at,
        ended_at=UNSET if session.ended_at is None else session.ended_at,
        end_reason=UNSET if session.is_active else end_reason(session),
        duration=max(0, until - session.created_at) // 1000,
        listener_count=totals.listener_count,
        joins=totals.joins,
        languages=distribution(totals.language_counts),
        streams=dict(session.stream_positions),
        broadcast_state=broadcast_state(session),
        state_version=session.state_version,
    )


def connection_view(services: Services, connection: Connection) -> ConnectionView:
    """Return the current view of a connection."""
    now = services.clock()
    return ConnectionView(
        connection=services.hasher.connection(connection.connection_id),
        role=connection.role.value,
        user_id=connection.user_id or UNSET,
        target_language=connection.target_language or UNSET,
        connected_at=connection.connected_at,
        age=_seconds(now, connection.connected_at),
        last_activity_at=connection.heard_at,
        idle=max(0, idle_seconds(connection, now)),
    )


def _seconds(now: Millis, since: Millis) -> int:
    return max(0, now - since) // 1000

"""Build the messages that tell a client the state of its session."""

from msgspec import UNSET, UnsetType

from chalicelib.actions.services import Services
from chalicelib.actions.session import recovery
from chalicelib.domain.lifetimes import MINUTE, RESUME_TOKEN_MINUTES
from chalicelib.domain.session import Connection, Session
from chalicelib.domain.types import Millis, Role, SessionId
from chalicelib.identity.resume import ResumeClaims
from chalicelib.protocol import messages
from chalicelib.protocol.messages import EndReason

_END_MESSAGES: dict[EndReason, str] = {
    "endedBySpeaker": "The speaker has ended the session.",
    "speakerDisconnected": "The speaker's connection was lost.",
    "expired": "The session has reached its longest duration.",
    "endedByOperator": "The session was ended by an operator.",
}


def broadcast_state(session: Session) -> messages.BroadcastState:
    state = session.broadcasting
    return messages.BroadcastState(
        is_active=session.is_active,
        is_paused=state.is_paused,
        is_muted=state.is_muted,
        volume=state.volume,
        last_state_change=state.last_state_change,
    )


def state_changed(services: Services, session: Session) -> messages.BroadcastStateChanged:
    return messages.BroadcastStateChanged(
        timestamp=services.clock(),
        session_id=session.session_id,
        broadcast_state=broadcast_state(session),
        state_version=session.state_version,
    )


def session_created(
    services: Services, connection: Connection, session: Session
) -> messages.SessionCreated:
    return messages.SessionCreated(
        timestamp=services.clock(),
        session_id=session.session_id,
        source_language=session.source_language,
        quality_tier=session.quality_tier,
        broadcast_state=broadcast_state(session),
        state_version=session.state_version,
        resume_token=_resume_token(services, connection, session),
        heartbeat_interval=services.settings.heartbeat_interval_seconds,
        expires_at=session.expires_at,
        join_key=_join_key(services, session),
    )


def session_joined(
    services: Services,
    connection: Connection,
    session: Session,
    last_seq: dict[str, int] | UnsetType,
) -> messages.SessionJoined:
    language = connection.target_language or ""
    reply = messages.SessionJoined(
        timestamp=services.clock(),
        session_id=session.session_id,
        source_language=session.source_language,
        target_language=language,
        broadcast_state=broadcast_state(session),
        state_version=session.state_version,
        last_seq=session.positions(language),
        resume_token=_resume_token(services, connection, session),
        heartbeat_interval=services.settings.heartbeat_interval_seconds,
    )
    recovery.add_missed(services, reply, session, last_seq)
    return reply


def refresh_complete(
    services: Services,
    connection: Connection,
    session: Session,
    last_seq: dict[str, int] | UnsetType,
) -> messages.ConnectionRefreshComplete:
    language = connection.target_language
    reply = messages.ConnectionRefreshComplete(
        timestamp=services.clock(),
        session_id=session.session_id,
        role=connection.role.value,
        source_language=session.source_language,
        target_language=UNSET if language is None else language,
        broadcast_state=broadcast_state(session),
        state_version=session.state_version,
        last_seq=session.positions(language),
        resume_token=_resume_token(services, connection, session),
    )
    if connection.role is Role.LISTENER:
        recovery.add_missed(services, reply, session, last_seq)
    else:
        reply.join_key = _join_key(services, session)
    return reply


def session_ended(
    services: Services, session_id: SessionId, reason: EndReason
) -> messages.SessionEnded:
    return messages.SessionEnded(
        timestamp=services.clock(),
        session_id=session_id,
        reason=reason,
        message=_END_MESSAGES[reason],
    )


def end_reason(session: Session | None) -> EndReason:
    """Return why a session ended: `expired` if the table has deleted it already."""
    for reason in _END_MESSAGES:
        if session is not None and reason == session.end_reason:
            return reason
    return "expired"


def _join_key(services: Services, session: Session) -> str | UnsetType:
    """Return the key of a private session. Its speaker gets it, and no other participant.

    One that was made under an older `RESUME_TOKEN_SECRET` can't be derived any more.
    """
    key = services.join_keys.derive(session.session_id, session.created_at)
    return key if services.join_keys.fits(key, session.join_key_hash) else UNSET


def _resume_token(services: Services, connection: Connection, session: Session) -> str:
    claims = ResumeClaims(
        session_id=session.session_id,
        role=connection.role,
        participant_id=connection.participant_id or "",
        user_id=connection.user_id,
        expires_at=Millis(services.clock() + RESUME_TOKEN_MINUTES * MINUTE),
    )
    return services.resume_tokens.issue(claims)

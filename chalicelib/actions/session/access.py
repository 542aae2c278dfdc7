"""Decide which sessions a client may know of, and which of their languages it may use."""

from msgspec import Struct, UnsetType

from chalicelib.actions.services import Services
from chalicelib.domain.session import Connection, Session
from chalicelib.domain.types import Role, SessionId
from chalicelib.errors import BadRequest, Code, NotFound, Unauthorized


class Proof(Struct, frozen=True):
    """The proofs with which a client asks for a session.

    `join_key` is as the client sent it. `participant` is of a valid resume token of the session.
    """

    join_key: str | None
    participant: str | None


def proof(
    services: Services,
    connection: Connection,
    session_id: SessionId,
    join_key: str | UnsetType,
    resume_token: str | UnsetType,
) -> Proof:
    """Return the proofs in a request, checked as far as that needs no read of the session."""
    return Proof(
        join_key if isinstance(join_key, str) else None,
        participant_of(services, connection, session_id, resume_token),
    )


def session_to_enter(
    services: Services, connection: Connection, session_id: SessionId, proof: Proof
) -> Session:
    """Return the active session that a client wants to enter.

    Raises:
        NotFound: SESSION_NOT_FOUND if there is none, or none that the client may know of, active
        or not; SESSION_INACTIVE if it has ended.
    """
    session = services.sessions.get(session_id)
    if not _is_known_to(services, connection, session, proof) or session is None:
        raise NotFound(Code.SESSION_NOT_FOUND, f"there is no session {session_id}")
    if not session.is_active:
        raise NotFound(Code.SESSION_INACTIVE, f"session {session_id} has ended")
    return session


def _is_known_to(
    services: Services, connection: Connection, session: Session | None, proof: Proof
) -> bool:
    """Return True if a client may learn that there is a session of this id, active or not.

    A client with a token stays within its tenant; an anonymous listener has none until it has
    joined. A private session shows itself to its speaker, to who has its key, and to who has a
    resume token of it. The key is checked whatever the session is, so that the time tells nothing.
    """
    has_key = services.join_keys.fits(proof.join_key, session.join_key_hash if session else None)
    if session is None:
        return False
    same_tenant = connection.tenant_id == session.tenant_id
    if connection.user_id is not None and not same_tenant:
        return False
    is_speaker = connection.role is Role.SPEAKER and connection.user_id == session.speaker_user_id
    has_seat = proof.participant is not None
    return session.join_key_hash is None or has_key or has_seat or is_speaker


def require_language(session: Session, language: str) -> None:
    """Raise BadRequest if a session does not have a language (`languages` of createSession)."""
    if session.languages and language not in session.languages:
        problem = f"is not a language of this session, which has {', '.join(session.languages)}"
        raise BadRequest(
            Code.INVALID_MESSAGE,
            f"targetLanguage: {problem}",
            details=[("targetLanguage", problem)],
        )


def participant_of(
    services: Services, connection: Connection, session_id: SessionId, token: str | UnsetType
) -> str | None:
    """Return the participant of a valid resume token of a listener of the session, of this user."""
    if isinstance(token, UnsetType):
        return None
    try:
        claims = services.resume_tokens.read(token, services.clock())
    except Unauthorized:
        return None
    fits = (claims.session_id, claims.user_id) == (session_id, connection.user_id)
    return claims.participant_id if fits and claims.role is Role.LISTENER else None

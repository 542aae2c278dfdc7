"""How a listener gets into a session: anew, or to another connection with its resume token."""

from dataclasses import dataclass

from msgspec import UnsetType

from chalicelib.actions import belongings
from chalicelib.actions.services import Services
from chalicelib.domain import ids
from chalicelib.domain.session import Connection, Session
from chalicelib.domain.types import ConnectionId, Role
from chalicelib.errors import (
    ClientError,
    Code,
    Conflict,
    Forbidden,
    NotFound,
    TransactionCancelled,
    Unavailable,
)
from chalicelib.stores.connections import Listening
from chalicelib.stores.membership import CONNECTION, SEAT, SESSION, Entry

_FULL_RETRY_SECONDS = 5
_TRIES = 4
_OLD_CONNECTION = 3
"""Where the old connection stands in a move, for the reasons of a cancelled one."""


@dataclass(frozen=True)
class Wish:
    """How a listener wants to listen. `opening`: its socket exists once the handshake is over."""

    language: str
    resume_token: str | UnsetType
    opening: bool = False


def seat(services: Services, connection: Connection, session: Session, wish: Wish) -> Connection:
    """Puts a connection into a session; answers the connection as it is afterwards.

    Raises:
        Unauthorized: the resume token is forged or expired. Forbidden: it is another session's or
        somebody else's, or another connection has used it in this instant. NotFound: the session
        has ended. Unavailable: it is full.
    """
    if isinstance(wish.resume_token, UnsetType):
        participant = ids.participant_id(services.pick)
        _join(services, _entry(connection, session, wish, participant), previous=None)
    else:
        participant = _participant(services, connection, session, wish.resume_token)
        _resume(services, _entry(connection, session, wish, participant))
    return reread(services, connection.connection_id)


def reread(services: Services, connection_id: ConnectionId) -> Connection:
    """A connection as it is after a write; Forbidden if it has closed in the meantime."""
    current = services.connections.get_current(connection_id)
    if current is None:
        raise Forbidden(Code.FORBIDDEN, "this connection has been closed")
    return current


def refusal_of_connection(services: Services, connection_id: ConnectionId) -> ClientError:
    """Why a connection could not be put into a session."""
    current = services.connections.get_current(connection_id)
    if current is not None and current.session_id is not None:
        return Conflict(Code.ALREADY_IN_SESSION, "this connection is in a session already")
    return Forbidden(Code.FORBIDDEN, "this connection is stale: another one took its place")


def _resume(services: Services, entry: Entry) -> None:
    """The participant's seat decides: it is moved from whoever holds it, or taken afresh."""
    for _ in range(_TRIES):
        holder = services.seats.holder(entry.session.session_id, entry.listening.participant_id)
        old = services.connections.get_current(holder) if holder is not None else None
        if old is None or old.session_id != entry.session.session_id:
            _join(services, entry, previous=holder)
            return
        if _moved(services, old, entry):
            belongings.move(services, old.connection_id, entry.connection_id)
            return
    raise Unavailable(Code.SERVICE_UNAVAILABLE, "the connection keeps changing", retry_after=1)


def _moved(services: Services, old: Connection, entry: Entry) -> bool:
    """False if the old connection closed, or changed its language, just now."""
    try:
        services.membership.move(old, entry)
    except TransactionCancelled as cancelled:
        if cancelled.failed(_OLD_CONNECTION) and not cancelled.failed(SEAT):
            return False
        raise _refusal(services, entry, cancelled) from None
    return True


def _join(services: Services, entry: Entry, previous: ConnectionId | None) -> None:
    capacity = services.settings.max_listeners_per_session
    try:
        services.membership.join(entry, capacity, previous)
    except TransactionCancelled as cancelled:
        raise _refusal(services, entry, cancelled) from None


def _refusal(services: Services, entry: Entry, cancelled: TransactionCancelled) -> Exception:
    if cancelled.failed(CONNECTION):
        return refusal_of_connection(services, entry.connection_id)
    if cancelled.failed(SEAT):
        return Forbidden(Code.FORBIDDEN, "this resume token is being used by another connection")
    if not cancelled.failed(SESSION):
        return cancelled
    session = services.sessions.get(entry.session.session_id)
    if session is None or not session.is_active:
        return NotFound(Code.SESSION_INACTIVE, "the session has ended")
    return Unavailable(Code.SESSION_FULL, "the session is full", retry_after=_FULL_RETRY_SECONDS)


def _participant(services: Services, connection: Connection, session: Session, token: str) -> str:
    claims = services.resume_tokens.read(token, services.clock())
    if (
        claims.session_id != session.session_id
        or claims.role is not Role.LISTENER
        or claims.user_id != connection.user_id
    ):
        raise Forbidden(Code.FORBIDDEN, "this resume token was given to somebody else")
    return claims.participant_id


def _entry(connection: Connection, session: Session, wish: Wish, participant: str) -> Entry:
    return Entry(
        connection_id=connection.connection_id,
        session=session,
        listening=Listening(
            language=wish.language,
            participant_id=participant,
            joined_positions=session.positions(wish.language),
            socket_opening=wish.opening,
        ),
        expires_at=connection.expires_at,
    )

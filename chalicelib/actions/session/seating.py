"""How a listener gets into a session: anew, or to another connection with its resume token."""

from collections.abc import Callable
from functools import partial

from msgspec import Struct, UnsetType

from chalicelib.actions.services import Services
from chalicelib.actions.session import attachments as belongings
from chalicelib.domain import ids
from chalicelib.domain.session import Connection, Session
from chalicelib.domain.types import ConnectionId, Role
from chalicelib.errors import (
    BadRequest,
    ClientError,
    Code,
    Conflict,
    Forbidden,
    NotFound,
    TransactionCancelled,
    Unavailable,
)
from chalicelib.stores.connection_items import Listening
from chalicelib.stores.membership import Entry, TransactionItem

_FULL_RETRY_SECONDS = 5
_TRIES = 4


class Wish(Struct, frozen=True):
    """How a listener wants to listen. `opening`: its socket exists once the handshake is over."""

    language: str
    resume_token: str | UnsetType
    opening: bool = False


def seat(services: Services, connection: Connection, session: Session, wish: Wish) -> Connection:
    """Puts a connection into a session; answers the connection as it is afterwards.

    Raises:
        Unauthorized: the resume token is forged or expired. Forbidden: it is another session's or
        somebody else's, or a connection that was opened later has used it. NotFound: the session
        has ended. Unavailable: it is full. BadRequest: it has too many languages.
    """
    if isinstance(wish.resume_token, UnsetType):
        participant = ids.participant_id(services.pick)
        if not _joined(services, _entry(connection, session, wish, participant), previous=None):
            raise _keeps_changing()
    else:
        participant = _participant(services, connection, session, wish.resume_token)
        _resume(services, connection, _entry(connection, session, wish, participant))
    if connection.ended_session_id is not None:
        belongings.leave_behind(services, connection.connection_id, connection.ended_session_id)
    return reread(services, connection.connection_id)


def too_many_languages() -> BadRequest:
    """A 503 would say that trying again helps; but a language that a session had stays counted."""
    problem = "is one language more than a session can have"
    return BadRequest(
        Code.INVALID_MESSAGE, f"targetLanguage: {problem}", details=[("targetLanguage", problem)]
    )


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
    return overtaken()


def overtaken() -> Forbidden:
    """The place that a connection asks for, or had, is another one's."""
    return Forbidden(Code.FORBIDDEN, "this connection is stale: another one took its place")


def _resume(services: Services, connection: Connection, entry: Entry) -> None:
    """The participant's seat decides: it is moved from whoever holds it, or taken afresh.

    Who finds that another connection was faster looks again. So the one that was opened last has
    the seat in the end, in whatever order they are handled.
    """
    session_id, participant_id = entry.session.session_id, entry.listening.participant_id
    known = holder = services.seats.holder(session_id, participant_id)
    for _ in range(_TRIES):
        old = None
        if holder is not None:
            old = services.connections.get_in_session(holder, session_id)
        if old is None:
            if _joined(services, entry, previous=holder):
                return
        elif connection.is_overtaken_by(old, in_a_race=holder != known):
            raise overtaken()
        elif _done(services, entry, partial(services.membership.move, old, entry)):
            belongings.move(services, old.connection_id, entry.connection_id)
            return
        holder = services.seats.holder(session_id, participant_id)
    raise _keeps_changing()


def _joined(services: Services, entry: Entry, previous: ConnectionId | None) -> bool:
    capacity = services.settings.max_listeners_per_session
    return _done(services, entry, partial(services.membership.join, entry, capacity, previous))


def _done(services: Services, entry: Entry, write: Callable[[], None]) -> bool:
    """One try; False if the seat, or who holds it, has changed since it was looked at."""
    try:
        write()
    except TransactionCancelled as cancelled:
        changed = cancelled.condition_failed(TransactionItem.SEAT, TransactionItem.OLD_CONNECTION)
        if changed and not cancelled.condition_failed(TransactionItem.CONNECTION):
            return False
        raise _refusal(services, entry, cancelled) from None
    return True


def _keeps_changing() -> Unavailable:
    return Unavailable(Code.SERVICE_UNAVAILABLE, "the connection keeps changing", retry_after=1)


def _refusal(services: Services, entry: Entry, cancelled: TransactionCancelled) -> Exception:
    if cancelled.condition_failed(TransactionItem.CONNECTION):
        return refusal_of_connection(services, entry.connection_id)
    if not cancelled.condition_failed(TransactionItem.SESSION):
        return cancelled
    session = services.sessions.get(entry.session.session_id)
    if session is None or not session.is_active:
        return NotFound(Code.SESSION_INACTIVE, "the session has ended")
    if not session.has_room_for(entry.listening.language):
        return too_many_languages()
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
            handshake_pending=wish.opening,
        ),
        expires_at=connection.expires_at,
    )

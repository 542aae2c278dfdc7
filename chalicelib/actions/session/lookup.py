"""Read sessions and connections for an action, and refuse those that it cannot use."""

from collections.abc import Iterator, Sequence
from itertools import islice

from chalicelib.actions.services import Services
from chalicelib.domain.session import Connection, Session
from chalicelib.domain.types import ConnectionId, SessionId
from chalicelib.errors import (
    BadRequest,
    ClientError,
    Code,
    Conflict,
    Forbidden,
    NotFound,
    Unavailable,
)
from chalicelib.stores.session_items import SHARDS

_BATCH = 100
"""Keys of one BatchGetItem."""


def active_session(services: Services, session_id: SessionId) -> Session:
    """Return an active session. Raises NotFound: SESSION_NOT_FOUND or SESSION_INACTIVE."""
    return _require_active(services.sessions.get(session_id), session_id)


def active_sessions(services: Services, shards: Sequence[int] = range(SHARDS)) -> Iterator[Session]:
    """Yield the active sessions of all or some shards, read in batches, shard by shard."""
    for shard in shards:
        ids = services.sessions.active_ids(shard)
        while batch := list(islice(ids, _BATCH)):
            yield from (each for each in services.sessions.get_many(batch) if each.is_active)


def reload(services: Services, session: Session) -> Session:
    """Return the current state of a session that the caller has just entered.

    Every later change reaches the caller as a message.
    """
    return services.sessions.get(session.session_id) or session


def reload_connection(services: Services, connection_id: ConnectionId) -> Connection:
    """Return a connection as it is after a write. Raises Forbidden: it has been closed."""
    current = services.connections.get_current(connection_id)
    if current is None:
        raise Forbidden(Code.FORBIDDEN, "this connection has been closed")
    return current


def refuse_second_session(connection: Connection) -> None:
    """Raise Conflict if the connection is in a session already."""
    if connection.session_id is not None:
        raise already_in_session()


def refusal_of_connection(services: Services, connection_id: ConnectionId) -> ClientError:
    """Return the error for a connection that could not be put into a session."""
    current = services.connections.get_current(connection_id)
    if current is not None and current.session_id is not None:
        return already_in_session()
    return overtaken()


def already_in_session() -> Conflict:
    return Conflict(Code.ALREADY_IN_SESSION, "this connection is in a session already")


def overtaken() -> Forbidden:
    """Return the error for a connection whose place another connection has taken."""
    return Forbidden(Code.FORBIDDEN, "this connection is stale: another one took its place")


def not_the_speaker() -> Forbidden:
    """Return the error for a connection that was the session's speaker before."""
    return Forbidden(Code.FORBIDDEN, "another connection is this session's speaker now")


def keeps_changing() -> Unavailable:
    """Return the error for a connection that changed during every attempt."""
    return Unavailable(Code.SERVICE_UNAVAILABLE, "the connection keeps changing", retry_after=1)


def too_many_languages() -> BadRequest:
    """Return the error for one language too many.

    It is not a 503, which says that a retry helps: it does only once a language has no listener.
    """
    problem = "is one language more than a session can have"
    return BadRequest(
        Code.INVALID_MESSAGE, f"targetLanguage: {problem}", details=[("targetLanguage", problem)]
    )


def without_counts(session_id: SessionId) -> NotFound:
    """Return the error for a session of version 0.1.0, whose listeners no shard counts."""
    return NotFound(Code.SESSION_INACTIVE, f"session {session_id} takes no more listeners")


def _require_active(session: Session | None, session_id: SessionId) -> Session:
    if session is None:
        raise NotFound(Code.SESSION_NOT_FOUND, f"there is no session {session_id}")
    if not session.is_active:
        raise NotFound(Code.SESSION_INACTIVE, f"session {session_id} has ended")
    return session

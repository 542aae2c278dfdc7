"""refreshConnection: a session goes on over a new socket (PROTOCOL 6.1)."""

from msgspec import UnsetType

from chalicelib.actions.registry import action
from chalicelib.actions.services import Call, Services
from chalicelib.actions.session import attachments as belongings
from chalicelib.actions.session import grace, limits, replies, seating
from chalicelib.actions.session.sessions import (
    Seated,
    active_session,
    as_it_is,
    session_expiry,
    session_to_enter,
)
from chalicelib.domain.session import Connection, Session
from chalicelib.domain.types import Role, SessionId
from chalicelib.errors import (
    BadRequest,
    Code,
    Conflict,
    Forbidden,
    TransactionCancelled,
    Unauthorized,
    Unavailable,
    UpstreamError,
)
from chalicelib.protocol import messages, requests
from chalicelib.stores.membership import TransactionItem

_TRIES = 3


@action(requests.RefreshConnection)
def refresh(
    services: Services, call: Call, request: requests.RefreshConnection
) -> messages.ConnectionRefreshComplete:
    seated = refresh_connection(services, call, request)
    session = as_it_is(services, seated.session)
    return replies.refresh_complete(services, seated.connection, session, seated.last_seq)


def refresh_connection(
    services: Services, call: Call, request: requests.RefreshConnection, *, opening: bool = False
) -> Seated:
    """Moves the caller's place in a session to this connection.

    A connection that is in that very session already is left as it is: the request was repeated.

    Raises:
        BadRequest: a listener without `targetLanguage`. Unauthorized: a speaker without a token.
        Conflict: it is in another session. Forbidden: not the speaker of the session, another
        tenant's, or overtaken by a connection that was opened later. NotFound, Unavailable: the
        session ended, or is full for one who joins anew.
    """
    connection = call.connection
    _check(connection, request)
    session = session_to_enter(services, connection, SessionId(request.session_id))
    if connection.session_id == session.session_id:
        return Seated(connection, session, request.last_seq)
    if connection.session_id is not None:
        raise Conflict(Code.ALREADY_IN_SESSION, "this connection is in another session")
    if connection.role is Role.SPEAKER:
        session = _take_over(services, call, session, opening=opening)
        return Seated(seating.reread(services, call.connection_id), session, request.last_seq)
    if isinstance(request.resume_token, UnsetType):
        limits.limit_joins(services, call.address)
    wish = seating.Wish(str(request.target_language), request.resume_token, opening)
    seated = seating.seat(services, connection, session, wish)
    return Seated(seated, session, request.last_seq)


def _check(connection: Connection, request: requests.RefreshConnection) -> None:
    if request.role != connection.role.value:
        if request.role == Role.SPEAKER.value and connection.user_id is None:
            raise Unauthorized(Code.UNAUTHORIZED, "a speaker needs a token")
        raise Forbidden(Code.FORBIDDEN, f"this connection is a {connection.role.value}'s")
    if connection.role is Role.LISTENER and not isinstance(request.target_language, str):
        problem = "is required for a listener"
        raise BadRequest(
            Code.INVALID_MESSAGE,
            f"targetLanguage: {problem}",
            details=[("targetLanguage", problem)],
        )


def _take_over(services: Services, call: Call, session: Session, *, opening: bool) -> Session:
    """The speaker's swap; a session that changes meanwhile is looked at again.

    As for a listener's seat, the connection that was opened last has the session in the end.
    """
    if (call.connection.user_id, call.connection.tenant_id) != (
        session.speaker_user_id,
        session.tenant_id,
    ):
        raise Forbidden(Code.FORBIDDEN, "this session has another speaker")
    known_speaker = session.speaker_connection_id
    for _ in range(_TRIES):
        old = services.connections.get_in_session(session.speaker_connection_id, session.session_id)
        in_a_race = session.speaker_connection_id != known_speaker
        if old is not None and call.connection.is_overtaken_by(old, in_a_race=in_a_race):
            raise seating.overtaken()
        if _swapped(services, call, session, old, opening=opening):
            return _taken_over(services, call, session)
        session = active_session(services, session.session_id)
    raise Unavailable(Code.SERVICE_UNAVAILABLE, "the session keeps changing", retry_after=1)


def _swapped(
    services: Services, call: Call, session: Session, old: Connection | None, *, opening: bool
) -> bool:
    """One transaction, in which the old connection loses the session; False if it had changed."""
    try:
        services.membership.replace_speaker(
            session,
            old,
            call.connection_id,
            session_expires_at=session_expiry(services, services.clock()),
            connection_expires_at=call.connection.expires_at,
            handshake_at=services.clock() if opening else None,
        )
    except TransactionCancelled as cancelled:
        if cancelled.condition_failed(TransactionItem.CONNECTION):
            raise seating.refusal_of_connection(services, call.connection_id) from None
        if cancelled.condition_failed(TransactionItem.SESSION, TransactionItem.OLD_CONNECTION):
            return False
        raise
    return True


def _taken_over(services: Services, call: Call, before: Session) -> Session:
    """What follows the swap; should it fail, the session is the caller's all the same."""
    try:
        belongings.move(services, before.speaker_connection_id, call.connection_id)
        if before.grace_deadline is not None:
            grace.tell_returned(services, before, before.grace_deadline, call.remaining)
    except UpstreamError as error:
        services.telemetry.error("refreshPartFailed", sessionId=before.session_id, exception=error)
    return active_session(services, before.session_id)

"""refreshConnection: a session goes on over a new socket (PROTOCOL 6.1)."""

from chalicelib.actions.connection import grace
from chalicelib.actions.registry import action
from chalicelib.actions.services import Call, Services
from chalicelib.actions.session import access, attachments, join, lookup, replies, tries
from chalicelib.actions.session.join import Joined, JoinOptions
from chalicelib.domain.lifetimes import session_expiry
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
    joined = refresh_connection(services, call, request)
    session = lookup.reload(services, joined.session)
    return replies.refresh_complete(services, joined.connection, session, joined.last_seq)


def refresh_connection(
    services: Services,
    call: Call,
    request: requests.RefreshConnection,
    *,
    handshake_pending: bool = False,
) -> Joined:
    """Move the client's place in a session to this connection. Idempotent.

    `handshake_pending` says that the socket opens only once the handshake is over.

    Raises:
        BadRequest: a listener without `targetLanguage`. Unauthorized: a speaker without a token.
        Conflict: it is in another session. Forbidden: not the speaker of the session, another
        tenant's, or overtaken by a connection that was opened later. NotFound, Unavailable: the
        session ended, or is full for a listener that it does not count yet.
    """
    connection = call.connection
    _check(connection, request)
    session_id = SessionId(request.session_id)
    if connection.session_id == session_id:
        return Joined(connection, lookup.active_session(services, session_id), request.last_seq)
    if connection.session_id is not None:
        raise Conflict(Code.ALREADY_IN_SESSION, "this connection is in another session")
    token = request.resume_token
    proof = access.proof(services, connection, session_id, request.join_key, token)
    session = tries.find_session(services, call, session_id, proof)
    if connection.role is Role.SPEAKER:
        with tries.returned_on_refusal(services, call.connection_id):
            session = _take_over(services, call, session, handshake_pending=handshake_pending)
        connection = lookup.reload_connection(services, call.connection_id)
        return Joined(connection, session, request.last_seq)
    options = JoinOptions(str(request.target_language), request.resume_token, handshake_pending)
    connection = join.enter(services, call, session, options)
    return Joined(connection, session, request.last_seq)


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


def _take_over(
    services: Services, call: Call, session: Session, *, handshake_pending: bool
) -> Session:
    """Make this connection the session's speaker, and retry if the session changes meanwhile.

    As with a listener's seat, the connection that was opened last has the session in the end. A
    request that arrives twice finds that it has it, and changes nothing.
    """
    if (call.connection.user_id, call.connection.tenant_id) != (
        session.speaker_user_id,
        session.tenant_id,
    ):
        raise Forbidden(Code.FORBIDDEN, "this session has another speaker")
    known_speaker = session.speaker_connection_id
    for _ in range(_TRIES):
        if session.speaker_connection_id == call.connection_id:
            return session
        old = services.connections.get_in_session(session.speaker_connection_id, session.session_id)
        in_a_race = session.speaker_connection_id != known_speaker
        if old is not None and call.connection.is_overtaken_by(old, in_a_race=in_a_race):
            raise lookup.overtaken()
        if _is_replaced(services, call, session, old, handshake_pending=handshake_pending):
            return _taken_over(services, call, session)
        session = lookup.active_session(services, session.session_id)
    raise Unavailable(Code.SERVICE_UNAVAILABLE, "the session keeps changing", retry_after=1)


def _is_replaced(
    services: Services,
    call: Call,
    session: Session,
    old: Connection | None,
    *,
    handshake_pending: bool,
) -> bool:
    """Replace the speaker's connection in one transaction.

    Return False if the session had changed, or the connection has been put into it.
    """
    try:
        services.membership.replace_speaker(
            session,
            old,
            call.connection_id,
            session_expires_at=session_expiry(services.clock(), services.settings),
            connection_expires_at=call.connection.expires_at,
            handshake_at=services.clock() if handshake_pending else None,
        )
    except TransactionCancelled as cancelled:
        if cancelled.condition_failed(TransactionItem.CONNECTION):
            if services.connections.get_in_session(call.connection_id, session.session_id):
                return False
            raise lookup.refusal_of_connection(services, call.connection_id) from None
        if cancelled.condition_failed(TransactionItem.SESSION, TransactionItem.OLD_CONNECTION):
            return False
        raise
    return True


def _taken_over(services: Services, call: Call, before: Session) -> Session:
    """Move the attachments and tell the listeners; if that fails, the takeover stands."""
    try:
        attachments.move(services, before.speaker_connection_id, call.connection_id)
        if before.grace_deadline is not None:
            grace.tell_returned(services, before, before.grace_deadline, call.remaining)
    except UpstreamError as error:
        services.telemetry.error("refreshPartFailed", sessionId=before.session_id, exception=error)
    return lookup.active_session(services, before.session_id)

"""createSession, joinSession, changeLanguage, leaveSession and endSession."""

from msgspec import Struct, UnsetType

from chalicelib.actions.registry import action
from chalicelib.actions.services import Call, Services
from chalicelib.actions.session import end as ending
from chalicelib.actions.session import leave as leaving
from chalicelib.actions.session import limits, replies, seating
from chalicelib.domain import ids
from chalicelib.domain.session import Broadcasting, Connection, Session
from chalicelib.domain.types import Millis, SessionId, TenantId, UserId
from chalicelib.errors import (
    Code,
    Conflict,
    Forbidden,
    NotFound,
    TransactionCancelled,
    Unavailable,
)
from chalicelib.protocol import messages, requests
from chalicelib.stores.membership import TransactionItem

_NAME_TRIES = 8
_CHANGE_TRIES = 4
_RETRY_SECONDS = 1


class Seated(Struct, frozen=True):
    """A connection that is in a session now, and what the client said it saw last."""

    connection: Connection
    session: Session
    last_seq: dict[str, int] | UnsetType


@action(requests.CreateSession)
def create(
    services: Services, call: Call, request: requests.CreateSession
) -> messages.SessionCreated:
    connection, session = create_session(services, call, request)
    return replies.session_created(services, connection, session)


def create_session(
    services: Services, call: Call, request: requests.CreateSession, *, opening: bool = False
) -> tuple[Connection, Session]:
    """A new session of the caller, under a name that nobody has. `opening` as for `join_session`.

    Raises:
        Conflict: the connection is in a session. RateLimited: too many sessions by this user.
        Forbidden: the connection is no longer the client's. Unavailable: no free name was found.
    """
    _refuse_second_session(call.connection)
    user_id, tenant_id = _speaker(call.connection)
    limits.limit_sessions(services, tenant_id, user_id)
    now = services.clock()
    for _ in range(_NAME_TRIES):
        session = Session(
            session_id=ids.session_id(services.pick),
            tenant_id=tenant_id,
            speaker_user_id=user_id,
            speaker_connection_id=call.connection_id,
            speaker_handshake_at=now if opening else None,
            source_language=request.source_language,
            quality_tier=request.quality_tier,
            created_at=now,
            expires_at=session_expiry(services, now),
            is_active=True,
            broadcasting=Broadcasting(last_state_change=now),
        )
        try:
            services.membership.create(session, call.connection.expires_at)
        except TransactionCancelled as cancelled:
            if cancelled.condition_failed(TransactionItem.CONNECTION):
                raise seating.refusal_of_connection(services, call.connection_id) from None
            if cancelled.condition_failed(TransactionItem.SESSION):
                continue
            raise
        return seating.reread(services, call.connection_id), session
    raise Unavailable(Code.SERVICE_UNAVAILABLE, "no free session name was found", retry_after=1)


@action(requests.JoinSession)
def join(services: Services, call: Call, request: requests.JoinSession) -> messages.SessionJoined:
    seated = join_session(services, call, request)
    session = as_it_is(services, seated.session)
    return replies.session_joined(services, seated.connection, session, seated.last_seq)


def join_session(
    services: Services, call: Call, request: requests.JoinSession, *, opening: bool = False
) -> Seated:
    """One listener more in a session, or one that comes back with its resume token.

    `opening` says that the socket exists only once the handshake is over.

    Raises:
        Conflict, RateLimited, NotFound, Forbidden, Unauthorized (the resume token), Unavailable
        (the session is full).
    """
    _refuse_second_session(call.connection)
    limits.limit_joins(services, call.address)
    session = session_to_enter(services, call.connection, SessionId(request.session_id))
    connection = seating.seat(
        services,
        call.connection,
        session,
        seating.Wish(request.target_language, request.resume_token, opening),
    )
    return Seated(connection, session, request.last_seq)


@action(requests.ChangeLanguage)
def change_language(
    services: Services, call: Call, request: requests.ChangeLanguage
) -> messages.LanguageChanged:
    session_id = call.require_session()
    if call.connection.target_language != request.target_language:
        limits.limit_controls(services, call.connection_id)
        _change_language(services, call.connection, session_id, request.target_language)
    return messages.LanguageChanged(
        timestamp=services.clock(),
        session_id=session_id,
        target_language=request.target_language,
    )


def _change_language(
    services: Services, connection: Connection, session_id: SessionId, language: str
) -> None:
    """One transaction; another one by the same client at this moment is gone along with."""
    for _ in range(_CHANGE_TRIES):
        session = active_session(services, session_id)
        try:
            services.membership.change_language(connection, language, session)
        except TransactionCancelled as cancelled:
            if cancelled.condition_failed(TransactionItem.SESSION):
                session = active_session(services, session_id)
                if not session.has_room_for(language):
                    raise seating.too_many_languages() from None
            if not cancelled.condition_failed(TransactionItem.CONNECTION):
                raise
        else:
            return
        connection = seating.reread(services, connection.connection_id)
        if connection.session_id != session_id:
            raise Forbidden(Code.FORBIDDEN, "this connection has just left the session")
        if connection.target_language == language:
            return
    raise Unavailable(
        Code.SERVICE_UNAVAILABLE, "the language keeps changing", retry_after=_RETRY_SECONDS
    )


@action(requests.LeaveSession)
def leave(services: Services, call: Call, _: requests.LeaveSession) -> messages.SessionLeft:
    session_id = call.require_session()
    # In this order, should the process die in between, nobody keeps the topics of a session left.
    leaving.clean_up(services, call.connection_id)
    leaving.leave(services, call.connection)
    return messages.SessionLeft(timestamp=services.clock(), session_id=session_id)


@action(requests.EndSession)
def end(services: Services, call: Call, _: requests.EndSession) -> messages.SessionEnded:
    session_id = call.require_session()
    won = ending.end(
        services, session_id, "endedBySpeaker", call.remaining, speaker=call.connection_id
    )
    if not won:
        active_session(services, session_id)
        raise Forbidden(Code.FORBIDDEN, "another connection is this session's speaker now")
    return ending.notice(services, session_id, "endedBySpeaker")


def active_session(services: Services, session_id: SessionId) -> Session:
    """Raises NotFound: SESSION_NOT_FOUND or SESSION_INACTIVE."""
    return _active(services.sessions.get(session_id), session_id)


def session_to_enter(services: Services, connection: Connection, session_id: SessionId) -> Session:
    """The active session that a client names.

    Raises:
        NotFound: there is none. Forbidden: it is another tenant's, active or not: somebody with a
        token stays within their tenant. Anonymous listeners have none yet.
    """
    session = services.sessions.get(session_id)
    anonymous = connection.user_id is None
    if session is not None and not anonymous and session.tenant_id != connection.tenant_id:
        raise Forbidden(Code.FORBIDDEN, "this session is not yours to join")
    return _active(session, session_id)


def as_it_is(services: Services, session: Session) -> Session:
    """A session as it is once the caller is in it: whatever comes later, it will be told of."""
    return services.sessions.get(session.session_id) or session


def _active(session: Session | None, session_id: SessionId) -> Session:
    if session is None:
        raise NotFound(Code.SESSION_NOT_FOUND, f"there is no session {session_id}")
    if not session.is_active:
        raise NotFound(Code.SESSION_INACTIVE, f"session {session_id} has ended")
    return session


def session_expiry(services: Services, now: Millis) -> Millis:
    """When it ends at the latest: a whole second, as its item has it, and never before its time."""
    seconds = -(-now // 1000) + services.settings.session_max_duration_hours * 3600
    return Millis(seconds * 1000)


def _refuse_second_session(connection: Connection) -> None:
    if connection.session_id is not None:
        raise Conflict(Code.ALREADY_IN_SESSION, "this connection is in a session already")


def _speaker(connection: Connection) -> tuple[UserId, TenantId]:
    if connection.user_id is None or connection.tenant_id is None:
        raise Forbidden(Code.FORBIDDEN, "a session needs a speaker with a token")
    return connection.user_id, connection.tenant_id

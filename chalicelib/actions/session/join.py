"""joinSession: a listener enters a session, or takes its seat back with its resume token."""

from collections.abc import Callable
from functools import partial

from msgspec import Struct, UnsetType

from chalicelib.actions.registry import action
from chalicelib.actions.services import Call, Services
from chalicelib.actions.session import access, attachments, limits, lookup, replies, tries
from chalicelib.domain import ids
from chalicelib.domain.session import Connection, Session
from chalicelib.domain.types import ConnectionId, Role, SessionId
from chalicelib.errors import Code, Forbidden, NotFound, TransactionCancelled, Unavailable
from chalicelib.protocol import messages, requests
from chalicelib.stores.connection_items import Listening
from chalicelib.stores.membership import Entry, TransactionItem

_FULL_RETRY_SECONDS = 5
_TRIES = 4


class JoinOptions(Struct, frozen=True):
    """A listener's language and resume token.

    `handshake_pending`: the join is part of `$connect`, and the socket does not exist yet.
    """

    language: str
    resume_token: str | UnsetType
    handshake_pending: bool = False


class Joined(Struct, frozen=True):
    """A connection that has joined a session, and the `lastSeq` that its client sent."""

    connection: Connection
    session: Session
    last_seq: dict[str, int] | UnsetType


@action(requests.JoinSession)
def join(services: Services, call: Call, request: requests.JoinSession) -> messages.SessionJoined:
    joined = join_session(services, call, request)
    session = lookup.reload(services, joined.session)
    return replies.session_joined(services, joined.connection, session, joined.last_seq)


def join_session(
    services: Services,
    call: Call,
    request: requests.JoinSession,
    *,
    handshake_pending: bool = False,
) -> Joined:
    """Add a listener to a session, or let one come back with its resume token.

    Raises:
        Conflict: the connection is in a session. RateLimited: too many joins from this address.
        NotFound: see `access.session_to_enter`. All errors of `enter`.
    """
    lookup.refuse_second_session(call.connection)
    proof = access.Proof(request.join_key, request.resume_token)
    session = tries.find_session(services, call, SessionId(request.session_id), proof)
    options = JoinOptions(request.target_language, request.resume_token, handshake_pending)
    connection = enter(services, call, session, options)
    return Joined(connection, session, request.last_seq)


def enter(services: Services, call: Call, session: Session, options: JoinOptions) -> Connection:
    """Put a connection into a session, and return it as it is afterwards.

    A join counts for its address once the session is found; who comes back does not.

    Raises:
        RateLimited: too many joins from this address.
        Unauthorized: the resume token is forged or expired. Forbidden: it is another session's or
        another user's, or a connection that was opened later has used it. NotFound: the session
        has ended. Unavailable: it is full. BadRequest: it has too many languages, or not this one.
    """
    connection = call.connection
    with tries.returned_on_refusal(services, connection.connection_id):
        _enter(services, call, session, options)
    if connection.ended_session_id is not None:
        # The new session may be another tenant's: a refresh there must not move these along.
        attachments.cancel(services, connection.connection_id, connection.ended_session_id)
    return lookup.reload_connection(services, connection.connection_id)


def _enter(services: Services, call: Call, session: Session, options: JoinOptions) -> None:
    connection = call.connection
    access.require_language(session, options.language)
    if isinstance(options.resume_token, UnsetType):
        limits.limit_joins(services, call.address)
        participant = ids.participant_id(services.pick)
        if not _is_joined(services, _entry(connection, session, options, participant), None):
            raise lookup.keeps_changing()
    else:
        participant = _participant(services, connection, session, options.resume_token)
        _resume(services, connection, _entry(connection, session, options, participant))


def _resume(services: Services, connection: Connection, entry: Entry) -> None:
    """Move the participant's seat from the connection that holds it, or take it if none does.

    If another connection takes the seat meanwhile, try again. In whatever order the requests are
    handled, the connection that was opened last has the seat in the end.
    """
    session_id, participant_id = entry.session.session_id, entry.listening.participant_id
    known = holder = services.seats.holder(session_id, participant_id)
    for _ in range(_TRIES):
        old = None
        if holder is not None:
            old = services.connections.get_in_session(holder, session_id)
        if old is None:
            if _is_joined(services, entry, holder):
                return
        elif connection.is_overtaken_by(old, in_a_race=holder != known):
            raise lookup.overtaken()
        elif _is_written(services, entry, partial(services.membership.move, old, entry)):
            attachments.move(services, old.connection_id, entry.connection_id)
            return
        holder = services.seats.holder(session_id, participant_id)
    raise lookup.keeps_changing()


def _is_joined(services: Services, entry: Entry, previous: ConnectionId | None) -> bool:
    """Try to join. `previous` is the connection that held the seat, None if no one has had it."""
    capacity = services.settings.max_listeners_per_session
    return _is_written(
        services, entry, partial(services.membership.join, entry, capacity, previous)
    )


def _is_written(services: Services, entry: Entry, write: Callable[[], None]) -> bool:
    """Return False if the seat, or the connection that holds it, has changed since it was read."""
    try:
        write()
    except TransactionCancelled as cancelled:
        changed = cancelled.condition_failed(TransactionItem.SEAT, TransactionItem.OLD_CONNECTION)
        if changed and not cancelled.condition_failed(TransactionItem.CONNECTION):
            return False
        raise _refusal(services, entry, cancelled) from None
    return True


def _refusal(services: Services, entry: Entry, cancelled: TransactionCancelled) -> Exception:
    if cancelled.condition_failed(TransactionItem.CONNECTION):
        return lookup.refusal_of_connection(services, entry.connection_id)
    if not cancelled.condition_failed(TransactionItem.SESSION):
        return cancelled
    session = services.sessions.get(entry.session.session_id)
    if session is None or not session.is_active:
        return NotFound(Code.SESSION_INACTIVE, "the session has ended")
    if not session.has_room_for(entry.listening.language):
        return lookup.too_many_languages()
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


def _entry(
    connection: Connection, session: Session, options: JoinOptions, participant: str
) -> Entry:
    return Entry(
        connection_id=connection.connection_id,
        session=session,
        listening=Listening(
            language=options.language,
            participant_id=participant,
            joined_positions=session.positions(options.language),
            handshake_pending=options.handshake_pending,
        ),
        expires_at=connection.expires_at,
    )

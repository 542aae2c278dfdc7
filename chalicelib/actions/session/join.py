"""joinSession: a listener enters a session, or takes its seat back with its resume token."""

from msgspec import Struct, UnsetType
from msgspec.structs import replace

from chalicelib.actions.registry import action
from chalicelib.actions.services import Call, Services
from chalicelib.actions.session import access, attachments, limits, lookup, replies, shards, tries
from chalicelib.domain import counts, ids
from chalicelib.domain.session import Connection, Session
from chalicelib.domain.types import ConnectionId, Role, SessionId
from chalicelib.errors import Code, Forbidden, TransactionCancelled
from chalicelib.protocol import messages, requests
from chalicelib.stores.connection_items import Listening
from chalicelib.stores.membership import Entry, TransactionItem

_TRIES = 4
_SHARD_TRIES = 2 * counts.MAX_SHARDS
"""Tries to find a shard with room. Each that fails was overtaken by another listener."""


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
    session_id, token = SessionId(request.session_id), request.resume_token
    proof = access.proof(services, call.connection, session_id, request.join_key, token)
    session = tries.find_session(services, call, session_id, proof)
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
        entered = _enter(services, call, session, options)
    if connection.ended_session_id is not None:
        # The new session may be another tenant's: a refresh there must not move these along.
        attachments.cancel(services, connection.connection_id, connection.ended_session_id)
    return entered


def _enter(services: Services, call: Call, session: Session, options: JoinOptions) -> Connection:
    connection = call.connection
    access.require_language(session, options.language)
    if isinstance(options.resume_token, UnsetType):
        limits.limit_joins(services, call.address)
        participant = ids.participant_id(services.pick)
        entry = _entry(connection, session, options, participant)
        entered = _join(services, connection, entry, None)
        if entered is None:
            raise lookup.keeps_changing()
        return entered
    participant = _participant(services, connection, session, options.resume_token)
    return _resume(services, connection, _entry(connection, session, options, participant))


def _resume(services: Services, connection: Connection, entry: Entry) -> Connection:
    """Move the participant's seat from the connection that holds it, or take it if none does.

    If another connection takes the seat meanwhile, try again. In whatever order the requests are
    handled, the connection that was opened last has the seat in the end. A request that arrives
    twice finds the seat taken by its own connection, and changes nothing.
    """
    session_id, participant_id = entry.session.session_id, entry.listening.participant_id
    known = holder = services.seats.holder(session_id, participant_id)
    for _ in range(_TRIES):
        old = None
        if holder is not None:
            old = services.connections.get_in_session(holder, session_id)
        if old is not None and holder == connection.connection_id:
            return old
        if old is None or old.shard is None:
            entered = _join(services, connection, entry, holder)
            if entered is not None:
                return entered
        elif connection.is_overtaken_by(old, in_a_race=holder != known):
            raise lookup.overtaken()
        else:
            in_shard = _in_shard(entry, old.shard)
            if _is_moved(services, old, in_shard):
                attachments.move(services, old.connection_id, entry.connection_id)
                return _entered(connection, in_shard)
        holder = services.seats.holder(session_id, participant_id)
    raise lookup.keeps_changing()


def _join(
    services: Services, connection: Connection, entry: Entry, previous: ConnectionId | None
) -> Connection | None:
    """Try to join, in another shard if the first choice has no room, as long as any has.

    `previous` is the connection that held the seat, None if no one has had it. Return the
    connection as it is in the session, None if another one holds the seat by now.
    """
    for _ in range(_SHARD_TRIES):
        try:
            services.membership.join(entry, previous)
        except TransactionCancelled as cancelled:
            if _is_out_of_date(services, entry, cancelled):
                return None
        else:
            return _entered(connection, entry)
        session_id, language = entry.session.session_id, entry.listening.language
        entry = _in_shard(entry, shards.with_room(services, session_id, language))
    raise lookup.keeps_changing()


def _is_moved(services: Services, old: Connection, entry: Entry) -> bool:
    """Try to move the seat. Return False if it, or its holder `old`, has changed meanwhile."""
    try:
        services.membership.move(old, entry)
    except TransactionCancelled as cancelled:
        if _is_out_of_date(services, entry, cancelled):
            return False
        listening = entry.listening
        shards.require_room(services, entry.session.session_id, listening.shard, listening.language)
        return False
    return True


def _is_out_of_date(services: Services, entry: Entry, cancelled: TransactionCancelled) -> bool:
    """Return True if the seat or its holder is not what it was read as, False if a shard is full.

    Raises:
        ClientError: the connection cannot enter. TransactionCancelled: it met another transaction
        at every try.
    """
    if cancelled.condition_failed(TransactionItem.CONNECTION):
        if _is_repeat(services, entry):
            return True
        raise lookup.refusal_of_connection(services, entry.connection_id) from None
    if cancelled.condition_failed(TransactionItem.SEAT, TransactionItem.OLD_CONNECTION):
        return True
    if not cancelled.condition_failed(TransactionItem.SHARD):
        raise cancelled
    return False


def _is_repeat(services: Services, entry: Entry) -> bool:
    """Return True if the connection has taken this very seat meanwhile: the request came twice."""
    current = services.connections.get_in_session(entry.connection_id, entry.session.session_id)
    return current is not None and current.participant_id == entry.listening.participant_id


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
            shard=counts.first_choice(connection.connection_id, session.shards),
            participant_id=participant,
            joined_positions=session.positions(options.language),
            handshake_pending=options.handshake_pending,
        ),
        expires_at=connection.expires_at,
    )


def _in_shard(entry: Entry, shard: int) -> Entry:
    return replace(entry, listening=replace(entry.listening, shard=shard))


def _entered(connection: Connection, entry: Entry) -> Connection:
    """Return a connection as the transaction has left it (`ConnectionMembership.enter`).

    It need not be read again: whatever changes it later also tells its client.
    """
    listening = entry.listening
    return replace(
        connection,
        session_id=entry.session.session_id,
        tenant_id=entry.session.tenant_id,
        ended_session_id=None,
        target_language=listening.language,
        shard=listening.shard,
        participant_id=listening.participant_id,
        joined_positions=listening.joined_positions,
        handshake_pending=listening.handshake_pending,
        join_tries=connection.join_tries - 1,
    )

"""createSession."""

from msgspec import UnsetType

from chalicelib.actions.registry import action
from chalicelib.actions.services import Call, Services
from chalicelib.actions.session import limits, lookup, replies
from chalicelib.domain import counts, ids
from chalicelib.domain.lifetimes import session_expiry
from chalicelib.domain.session import Broadcasting, Connection, Session
from chalicelib.domain.types import Millis, SessionId, TenantId, UserId
from chalicelib.errors import Code, Forbidden, TransactionCancelled, Unavailable
from chalicelib.protocol import messages, requests
from chalicelib.stores.membership import TransactionItem

_NAME_TRIES = 8


@action(requests.CreateSession)
def create(
    services: Services, call: Call, request: requests.CreateSession
) -> messages.SessionCreated:
    connection, session = create_session(services, call, request)
    return replies.session_created(services, connection, session)


def create_session(
    services: Services,
    call: Call,
    request: requests.CreateSession,
    *,
    handshake_pending: bool = False,
) -> tuple[Connection, Session]:
    """Create a session of the caller, under a name that no other session has.

    `handshake_pending`: the call is part of `$connect`, and the socket does not exist yet.

    Raises:
        Conflict: the connection is in a session. RateLimited: too many sessions by this user.
        Forbidden: the connection is no longer the client's. Unavailable: no free name was found.
    """
    lookup.refuse_second_session(call.connection)
    user_id, tenant_id = _speaker(call.connection)
    limits.limit_sessions(services, tenant_id, user_id)
    now = services.clock()
    for _ in range(_NAME_TRIES):
        session_id = ids.session_id(services.pick)
        session = Session(
            session_id=session_id,
            tenant_id=tenant_id,
            speaker_user_id=user_id,
            speaker_connection_id=call.connection_id,
            speaker_handshake_at=now if handshake_pending else None,
            source_language=request.source_language,
            quality_tier=request.quality_tier,
            join_key_hash=_join_key_hash(services, session_id, now) if request.private else None,
            languages=_languages(request),
            created_at=now,
            expires_at=session_expiry(now, services.settings),
            is_active=True,
            broadcasting=Broadcasting(last_state_change=now),
            shards=counts.shard_count(services.settings.max_listeners_per_session),
        )
        if _is_created(services, call, session):
            return lookup.reload_connection(services, call.connection_id), session
    raise Unavailable(Code.SERVICE_UNAVAILABLE, "no free session name was found", retry_after=1)


def _is_created(services: Services, call: Call, session: Session) -> bool:
    """Write the session. Return False if its name is taken, be it by the counts of an old one."""
    capacity = services.settings.max_listeners_per_session
    shards = counts.new_shards(session.session_id, capacity)
    try:
        services.membership.create(session, shards, call.connection.expires_at)
    except TransactionCancelled as cancelled:
        if cancelled.condition_failed(TransactionItem.CONNECTION):
            raise lookup.refusal_of_connection(services, call.connection_id) from None
        if cancelled.condition_failed(TransactionItem.SESSION, TransactionItem.SHARD):
            return False
        raise
    return True


def _join_key_hash(services: Services, session_id: SessionId, now: Millis) -> str:
    return services.join_keys.hash(services.join_keys.derive(session_id, now))


def _languages(request: requests.CreateSession) -> tuple[str, ...]:
    if isinstance(request.languages, UnsetType):
        return ()
    return tuple(dict.fromkeys(request.languages))


def _speaker(connection: Connection) -> tuple[UserId, TenantId]:
    if connection.user_id is None or connection.tenant_id is None:
        raise Forbidden(Code.FORBIDDEN, "a session needs a speaker with a token")
    return connection.user_id, connection.tenant_id

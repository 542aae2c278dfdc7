"""How a connection gets out of its session, and what becomes of what it had there."""

from collections.abc import Callable
from functools import partial

from msgspec import Struct

from chalicelib.actions import belongings
from chalicelib.actions.services import Services
from chalicelib.domain.session import Connection
from chalicelib.domain.types import ConnectionId, Role, SessionId
from chalicelib.errors import Code, TransactionCancelled, Unavailable
from chalicelib.stores.membership import CONNECTION, SESSION

_TRIES = 4


class CleanedUp(Struct, frozen=True):
    """How much a connection left behind."""

    subscriptions: int = 0
    requests: int = 0


def leave(services: Services, connection: Connection) -> None:
    """Takes a listener out of its session once, however often this is called; its socket stays."""
    connection_id, session_id = connection.connection_id, connection.session_id
    if session_id is not None:
        read_again = partial(services.connections.get_in_session, connection_id, session_id)
        _out(services, connection, read_again, delete=False)


def remove(services: Services, connection: Connection) -> None:
    """Takes a listener out of its session, if it is in one, and forgets its connection."""
    read_again = partial(services.connections.get_current, connection.connection_id)
    _out(services, connection, read_again, delete=True)


def clean_up(services: Services, connection_id: ConnectionId) -> CleanedUp:
    """Ends subscriptions and requests of a connection."""
    return CleanedUp(
        subscriptions=belongings.cancel_subscriptions(services, connection_id),
        requests=belongings.cancel_requests(services, connection_id),
    )


def _out(
    services: Services,
    connection: Connection | None,
    read_again: Callable[[], Connection | None],
    *,
    delete: bool,
) -> None:
    """Raises Unavailable: the connection changed under every try. UpstreamError."""
    for _ in range(_TRIES):
        if connection is None or _done(services, connection, delete=delete):
            return
        connection = read_again()
    raise Unavailable(Code.SERVICE_UNAVAILABLE, "the connection keeps changing", retry_after=1)


def _done(services: Services, connection: Connection, *, delete: bool) -> bool:
    """One try; False if the connection is not (any more) what it was read as."""
    if connection.role is Role.LISTENER and connection.session_id is not None:
        return _uncount(services, connection, connection.session_id, delete=delete)
    return not delete or services.connections.delete(connection)


def _uncount(
    services: Services, connection: Connection, session_id: SessionId, *, delete: bool
) -> bool:
    try:
        if delete:
            language = connection.target_language or ""
            services.membership.remove(session_id, connection.connection_id, language)
        else:
            services.membership.leave(connection, services.sessions.get(session_id))
    except TransactionCancelled as cancelled:
        if cancelled.failed(CONNECTION):
            return False
        if not cancelled.failed(SESSION):
            raise
        # The session is gone, or its counts are not what they should be: the count is never taken
        # below zero nor made anew, but the connection must not stay.
        services.telemetry.error("leftWithoutCount", sessionId=session_id)
        return services.connections.detach(connection, delete=delete)
    return True

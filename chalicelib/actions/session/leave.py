"""How a connection gets out of its session, and what becomes of what it had there."""

from msgspec import Struct

from chalicelib.actions.services import Services
from chalicelib.actions.session import attachments as belongings
from chalicelib.domain.session import Connection
from chalicelib.domain.types import ConnectionId, Role, SessionId
from chalicelib.errors import Code, TransactionCancelled, Unavailable
from chalicelib.stores.membership import TransactionItem

_TRIES = 4


class CleanedUp(Struct, frozen=True):
    """How much a connection left behind."""

    subscriptions: int = 0
    requests: int = 0


def leave(services: Services, connection: Connection) -> None:
    """Takes a listener out of its session once, however often this is called; its socket stays."""
    _out(services, connection, delete=False)


def remove(services: Services, connection: Connection) -> None:
    """Takes a listener out of its session, if it is in one, and forgets its connection."""
    _out(services, connection, delete=True)


def clean_up(services: Services, connection_id: ConnectionId) -> CleanedUp:
    """Ends subscriptions and requests of a connection."""
    return CleanedUp(
        subscriptions=belongings.cancel_subscriptions(services, connection_id),
        requests=belongings.cancel_requests(services, connection_id),
    )


def _out(services: Services, connection: Connection, *, delete: bool) -> None:
    """Whoever leaves has left as soon as it is in another session; what is deleted goes from there.

    Raises Unavailable: the connection changed under every try. UpstreamError.
    """
    session_id = connection.session_id
    for _ in range(_TRIES):
        if _done(services, connection, delete=delete):
            return
        current = services.connections.get_current(connection.connection_id)
        if current is None or (current.session_id != session_id and not delete):
            return
        connection = current
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
        if cancelled.condition_failed(TransactionItem.CONNECTION):
            return False
        if not cancelled.condition_failed(TransactionItem.SESSION):
            raise
        # The session is gone, or its counts are not what they should be: the count is never taken
        # below zero nor made anew, but the connection must not stay.
        services.telemetry.error("leftWithoutCount", sessionId=session_id)
        return services.connections.detach(connection, delete=delete)
    return True

"""leaveSession, and how every other connection gets out of its session."""

from chalicelib.actions.registry import action
from chalicelib.actions.services import Call, Services
from chalicelib.actions.session import attachments, lookup
from chalicelib.domain.session import Connection
from chalicelib.domain.types import Role, SessionId
from chalicelib.errors import TransactionCancelled
from chalicelib.protocol import messages, requests
from chalicelib.stores.membership import TransactionItem

_TRIES = 4


@action(requests.LeaveSession)
def leave_session(services: Services, call: Call, _: requests.LeaveSession) -> messages.SessionLeft:
    session_id = call.require_session()
    # In this order: if the process dies in between, no topic outlasts the place in the session.
    attachments.cancel(services, call.connection_id)
    leave(services, call.connection)
    return messages.SessionLeft(timestamp=services.clock(), session_id=session_id)


def leave(services: Services, connection: Connection) -> None:
    """Take a listener out of its session; its socket stays open. Idempotent."""
    _leave(services, connection, delete=False)


def leave_and_delete(services: Services, connection: Connection) -> None:
    """Take a listener out of its session, if it is in one, and delete its connection."""
    _leave(services, connection, delete=True)


def _leave(services: Services, connection: Connection, *, delete: bool) -> None:
    """Retry while the connection changes.

    A listener that has entered another session meanwhile has left this one. A connection that is
    to be deleted is taken out of the other session too.

    Raises:
        Unavailable: the connection changed under every try. UpstreamError.
    """
    session_id = connection.session_id
    for _ in range(_TRIES):
        if _has_left(services, connection, delete=delete):
            return
        current = services.connections.get_current(connection.connection_id)
        if current is None or (current.session_id != session_id and not delete):
            return
        connection = current
    raise lookup.keeps_changing()


def _has_left(services: Services, connection: Connection, *, delete: bool) -> bool:
    """Return False if the connection is no longer what it was read as."""
    if connection.role is Role.LISTENER and connection.session_id is not None:
        return _uncount(services, connection, connection.session_id, delete=delete)
    return not delete or services.connections.delete(connection)


def _uncount(
    services: Services, connection: Connection, session_id: SessionId, *, delete: bool
) -> bool:
    if connection.shard is None:  # of a session of version 0.1.0
        return _leave_uncounted(services, connection, delete=delete)
    try:
        if delete:
            services.membership.remove(connection)
        else:
            services.membership.leave(connection, services.sessions.get(session_id))
    except TransactionCancelled as cancelled:
        if cancelled.condition_failed(TransactionItem.CONNECTION):
            return False
        if not cancelled.condition_failed(TransactionItem.SHARD):
            raise
        # The shard is gone, or its counts are wrong. The count never goes below zero and is not
        # created anew, but the connection must not stay.
        services.telemetry.error("leftWithoutCount", sessionId=session_id)
        return _leave_uncounted(services, connection, delete=delete)
    return True


def _leave_uncounted(services: Services, connection: Connection, *, delete: bool) -> bool:
    if delete:
        return services.connections.delete(connection)
    return services.membership.leave_uncounted(connection)

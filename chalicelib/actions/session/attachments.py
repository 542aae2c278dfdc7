"""What hangs on a connection besides its place in a session: subscriptions and requests."""

from chalicelib.actions.services import Services
from chalicelib.domain.types import ConnectionId, SessionId
from chalicelib.stores.requests import Status
from chalicelib.stores.subscriptions import session_of


def leave_behind(services: Services, connection_id: ConnectionId, session_id: SessionId) -> None:
    """Cancels what a connection, now in another session, still has of one that ended.

    The other one may be another tenant's, and whoever refreshes there takes along what there is.
    """
    cancel_subscriptions(services, connection_id, session_id)
    cancel_requests(services, connection_id, session_id)


def cancel_subscriptions(
    services: Services, connection_id: ConnectionId, session_id: SessionId | None = None
) -> int:
    """Ends the subscriptions of a connection, all or one session's; answers how many there were."""
    keys = [
        key
        for key in services.subscriptions.of_connection(connection_id)
        if session_id in (None, session_of(key))
    ]
    for key in keys:
        services.subscriptions.remove(key, connection_id)
    return len(keys)


def cancel_requests(
    services: Services, connection_id: ConnectionId, session_id: SessionId | None = None
) -> int:
    """Cancels the requests of a connection that are not over, all or one session's; how many."""
    return sum(
        services.requests.finish(request.request_id, Status.CANCELLED) is not None
        for request in services.requests.of_connection(connection_id)
        if not request.is_over and session_id in (None, request.session_id)
    )


def move(services: Services, old: ConnectionId, new: ConnectionId) -> None:
    """Subscriptions and requests follow their client to its new connection.

    Killed in the middle, it is done again when the old connection closes (`supersededBy`).
    """
    for key in services.subscriptions.of_connection(old):
        services.subscriptions.move(key, old, new)
    for request in services.requests.of_connection(old):
        if not request.is_over:
            services.requests.reassign(request.request_id, new)

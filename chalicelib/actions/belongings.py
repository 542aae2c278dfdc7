"""What hangs on a connection besides its place in a session: subscriptions and requests."""

from chalicelib.actions.services import Services
from chalicelib.domain.types import ConnectionId
from chalicelib.stores.requests import Status


def cancel_subscriptions(services: Services, connection_id: ConnectionId) -> int:
    """Ends every subscription of a connection; answers how many there were."""
    keys = services.subscriptions.of_connection(connection_id)
    for key in keys:
        services.subscriptions.remove(key, connection_id)
    return len(keys)


def cancel_requests(services: Services, connection_id: ConnectionId) -> int:
    """Cancels every request of a connection that is not over; answers how many that were."""
    return sum(
        services.requests.finish(request.request_id, Status.CANCELLED) is not None
        for request in services.requests.of_connection(connection_id)
        if not request.is_over
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

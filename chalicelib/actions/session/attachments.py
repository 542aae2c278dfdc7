"""The subscriptions and background requests of a connection."""

from msgspec import Struct

from chalicelib.actions.services import Services
from chalicelib.domain.types import ConnectionId, SessionId
from chalicelib.stores.requests import Status
from chalicelib.stores.subscriptions import session_of


class Cancelled(Struct, frozen=True):
    """The number of attachments that were cancelled."""

    subscriptions: int = 0
    requests: int = 0


def cancel(
    services: Services, connection_id: ConnectionId, session_id: SessionId | None = None
) -> Cancelled:
    """Cancel the subscriptions and unfinished requests of a connection: all, or one session's."""
    return Cancelled(
        subscriptions=_cancel_subscriptions(services, connection_id, session_id),
        requests=_cancel_requests(services, connection_id, session_id),
    )


def move(services: Services, old: ConnectionId, new: ConnectionId) -> None:
    """Move subscriptions and unfinished requests to the connection that supersedes `old`.

    If the process dies halfway, the rest is moved when `old` closes (`supersededBy`).
    """
    for key in services.subscriptions.of_connection(old):
        services.subscriptions.move(key, old, new)
    for request in services.requests.of_connection(old):
        if not request.is_over:
            services.requests.reassign(request.request_id, new)


def _cancel_subscriptions(
    services: Services, connection_id: ConnectionId, session_id: SessionId | None
) -> int:
    keys = [
        key
        for key in services.subscriptions.of_connection(connection_id)
        if session_id in (None, session_of(key))
    ]
    for key in keys:
        services.subscriptions.remove(key, connection_id)
    return len(keys)


def _cancel_requests(
    services: Services, connection_id: ConnectionId, session_id: SessionId | None
) -> int:
    return sum(
        services.requests.finish(request.request_id, Status.CANCELLED) is not None
        for request in services.requests.of_connection(connection_id)
        if not request.is_over and session_id in (None, request.session_id)
    )

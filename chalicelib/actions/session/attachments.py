"""The subscriptions and background requests of a connection."""

from msgspec import Struct

from chalicelib.actions.services import Services
from chalicelib.domain.types import ConnectionId, SessionId
from chalicelib.stores.calls import Call as StoreCall
from chalicelib.stores.requests import Status
from chalicelib.stores.subscriptions import session_of


class Cancelled(Struct, frozen=True):
    """The number of attachments that were cancelled."""

    subscriptions: int = 0
    requests: int = 0


class Attached(Struct, frozen=True):
    """The attachments of a connection, as the indexes have them."""

    topic_keys: list[str]
    request_ids: list[str]


def find(services: Services, connection_id: ConnectionId) -> Attached:
    return Attached(*services.together(*find_calls(services, connection_id)))


def find_calls(
    services: Services, connection_id: ConnectionId
) -> tuple[StoreCall[list[str]], StoreCall[list[str]]]:
    """Return the calls for the fields of `Attached`."""
    return (
        services.subscriptions.of_connection_call(connection_id),
        services.requests.of_connection_call(connection_id),
    )


def cancel(
    services: Services, connection_id: ConnectionId, session_id: SessionId | None = None
) -> Cancelled:
    """Cancel the subscriptions and unfinished requests of a connection: all, or one session's."""
    return cancel_found(services, connection_id, find(services, connection_id), session_id)


def cancel_found(
    services: Services,
    connection_id: ConnectionId,
    attached: Attached,
    session_id: SessionId | None = None,
) -> Cancelled:
    """Do what `cancel` does, with attachments that have been found already."""
    keys = [key for key in attached.topic_keys if session_id in (None, session_of(key))]
    removals = [services.subscriptions.remove_call(key, connection_id) for key in keys]
    if removals:
        services.together.each(removals)
    cancelled = sum(
        services.requests.finish(request.request_id, Status.CANCELLED) is not None
        for request in services.requests.get_many(attached.request_ids)
        if not request.is_over and session_id in (None, request.session_id)
    )
    return Cancelled(subscriptions=len(keys), requests=cancelled)


def move(services: Services, old: ConnectionId, new: ConnectionId) -> None:
    """Move subscriptions and unfinished requests to the connection that supersedes `old`.

    If the process dies halfway, the rest is moved when `old` closes (`supersededBy`).
    """
    move_found(services, old, new, find(services, old))


def move_found(
    services: Services, old: ConnectionId, new: ConnectionId, attached: Attached
) -> None:
    """Do what `move` does, with attachments that have been found already."""
    for key in attached.topic_keys:
        services.subscriptions.move(key, old, new)
    for request in services.requests.get_many(attached.request_ids):
        if not request.is_over:
            services.requests.reassign(request.request_id, new)

"""What an operator does about one user: their connections go, and their tokens are refused.

The refusal is written first, so that whoever is cut cannot come back. A handshake that had looked
just before, or a connection that the index does not show yet, is found by the same pass made again
a little later.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from chalicelib.actions.connection import disconnect
from chalicelib.actions.ports import Remaining
from chalicelib.actions.services import Services
from chalicelib.actions.session import end as ending
from chalicelib.domain.lifetimes import MINUTE
from chalicelib.domain.session import Connection
from chalicelib.domain.types import ConnectionId, Millis, Role, TenantId, UserId
from chalicelib.errors import Gone, LecternError
from chalicelib.protocol.jobs import Removal, RemoveUser
from chalicelib.stores.attributes import Item

_PAGE = 100
_RESERVE_SECONDS = 8.0
"""What an invocation must still have to go on with another page."""
_AGAIN_SECONDS = (2, 30)
"""The index follows within a second; a handshake ends within thirty."""
_SLACK_MILLIS = 250
"""API Gateway's clock, which says when a socket was opened, may be ahead of ours by so much."""


class Removed(Struct):
    """What one pass did; not `complete` where the rest is left to a job."""

    refused_until: Millis
    connections: int = 0
    complete: bool = True


def remove(
    services: Services, tenant_id: TenantId, user_id: UserId, remaining: Remaining
) -> Removed:
    """Refuses every token of a user issued so far, and closes every connection they have.

    A session whose speaker the user is ends. Raises UpstreamError: nothing is sure, try again.
    """
    now = services.clock()
    until = Millis(now + services.settings.jwt_max_lifetime_hours * 60 * MINUTE)
    removal = Removal(tenant_id=tenant_id, user_id=user_id, at=now, until=until)
    services.removals.refuse(services.hasher.user(tenant_id, user_id), now, until)
    for seconds in _AGAIN_SECONDS:
        services.jobs.send(RemoveUser(removal=removal, start=None), seconds)
    return _pass(services, removal, None, remaining)


def again(services: Services, job: RemoveUser, remaining: Remaining) -> None:
    """The pass of a job: once more, or on from where one had to stop."""
    _pass(services, job.removal, job.start, remaining)


def _pass(
    services: Services, removal: Removal, start: Item | None, remaining: Remaining
) -> Removed:
    """Looks at all connections of the tenant: which user has which is on the items only."""
    done = Removed(refused_until=removal.until)
    while True:
        ids, following = services.connections.page_of_tenant(removal.tenant_id, start, _PAGE)
        for connection in _theirs(services, removal, ids):
            _prolong(services, removal, done, connection)
            _close(services, connection, done, remaining)
        if following is None:
            return done
        if remaining() < _RESERVE_SECONDS:
            services.jobs.send(RemoveUser(removal=removal, start=following))
            done.complete = False
            return done
        start = following


def _theirs(
    services: Services, removal: Removal, ids: Sequence[ConnectionId]
) -> Iterator[Connection]:
    """The user's, without those that came back since with a new token."""
    for connection in services.connections.get_many(ids):
        is_theirs = (connection.tenant_id, connection.user_id) == (
            removal.tenant_id,
            removal.user_id,
        )
        if is_theirs and connection.connected_at <= removal.at + _SLACK_MILLIS:
            yield connection


def _prolong(services: Services, removal: Removal, done: Removed, connection: Connection) -> None:
    """A token that is known to live longer than the settings say is refused for as long."""
    end = connection.token_expires_at
    if end is not None and end > done.refused_until:
        user = services.hasher.user(removal.tenant_id, removal.user_id)
        services.removals.prolong(user, end)
        done.refused_until = end


def _close(services: Services, connection: Connection, done: Removed, remaining: Remaining) -> None:
    """A failure leaves the connection to a later pass."""
    connection_id = connection.connection_id
    try:
        if connection.role is Role.SPEAKER and connection.session_id is not None:
            ending.end(
                services,
                connection.session_id,
                "endedByOperator",
                remaining,
                speaker=connection_id,
            )
        disconnect.disconnect(services, connection_id, disconnect.Closing(), remaining)
        services.management.close(connection_id)
    except Gone:
        pass
    except LecternError as error:
        services.telemetry.error("removalPartFailed", exception=error)
        done.complete = False
        return
    done.connections += 1

"""Remove a user: close their connections, and refuse their tokens.

The refusal is written first, so that the user cannot come back. A handshake that was authenticated
just before, or a connection that the index does not show yet, is found by the same pass a little
later.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from chalicelib.actions.connection import disconnect
from chalicelib.actions.ports import RESERVE_SECONDS, Remaining
from chalicelib.actions.services import Services
from chalicelib.actions.session import end
from chalicelib.domain.lifetimes import MINUTE
from chalicelib.domain.session import Connection
from chalicelib.domain.types import ConnectionId, Millis, Role, TenantId, UserId
from chalicelib.errors import Gone, LecternError
from chalicelib.protocol.jobs import Removal, RemoveUser
from chalicelib.stores.attributes import Item

_PAGE = 100
_REPEAT_SECONDS = (2, 30)
"""Delays of the repeated passes: the index follows within a second, a handshake ends within 30."""
_CLOCK_SKEW_MILLIS = 250
"""The most by which API Gateway's clock, which dates a handshake, may be ahead of Lambda's."""


class Removed(Struct):
    """The result of one pass; not `complete` if the rest is left to a job."""

    refused_until: Millis
    connections: int = 0
    complete: bool = True


def remove(
    services: Services, tenant_id: TenantId, user_id: UserId, remaining: Remaining
) -> Removed:
    """Refuse every token of a user issued so far, and close every connection they have.

    A session whose speaker the user is ends. Raises UpstreamError: nothing is sure, try again.
    """
    now = services.clock()
    until = Millis(now + services.settings.jwt_max_lifetime_hours * 60 * MINUTE)
    removal = Removal(tenant_id=tenant_id, user_id=user_id, at=now, until=until)
    services.removals.refuse(services.hasher.user(tenant_id, user_id), now, until)
    for seconds in _REPEAT_SECONDS:
        services.jobs.send(RemoveUser(removal=removal, start=None), seconds)
    return _pass(services, removal, None, remaining)


def repeat(services: Services, job: RemoveUser, remaining: Remaining) -> None:
    """Repeat a pass, or continue one that had to stop."""
    _pass(services, job.removal, job.start, remaining)


def _pass(
    services: Services, removal: Removal, start: Item | None, remaining: Remaining
) -> Removed:
    """Go through all connections of the tenant: only the items show the user."""
    done = Removed(refused_until=removal.until)
    while True:
        ids, following = services.connections.page_of_tenant(removal.tenant_id, start, _PAGE)
        for connection in _theirs(services, removal, ids):
            _prolong(services, removal, done, connection)
            _close(services, connection, done, remaining)
        if following is None:
            return done
        if remaining() < RESERVE_SECONDS:
            services.jobs.send(RemoveUser(removal=removal, start=following))
            done.complete = False
            return done
        start = following


def _theirs(
    services: Services, removal: Removal, ids: Sequence[ConnectionId]
) -> Iterator[Connection]:
    """Yield the user's connections, without those opened later with a new token."""
    for connection in services.connections.get_many(ids):
        is_theirs = (connection.tenant_id, connection.user_id) == (
            removal.tenant_id,
            removal.user_id,
        )
        if is_theirs and connection.connected_at <= removal.at + _CLOCK_SKEW_MILLIS:
            yield connection


def _prolong(services: Services, removal: Removal, done: Removed, connection: Connection) -> None:
    """Refuse for longer, if a token of the user is valid for longer than the settings say."""
    expires_at = connection.token_expires_at
    if expires_at is not None and expires_at > done.refused_until:
        user = services.hasher.user(removal.tenant_id, removal.user_id)
        services.removals.prolong(user, expires_at)
        done.refused_until = expires_at


def _close(services: Services, connection: Connection, done: Removed, remaining: Remaining) -> None:
    """Close a connection. A failure leaves it to a later pass."""
    connection_id = connection.connection_id
    try:
        if connection.role is Role.SPEAKER and connection.session_id is not None:
            end.end(
                services,
                connection.session_id,
                "endedByOperator",
                remaining,
                speaker=connection_id,
            )
        disconnect.clean_up(services, connection_id, disconnect.CloseEvent(), remaining)
        services.management.close(connection_id)
    except Gone:
        pass
    except LecternError as error:
        services.telemetry.error("removalPartFailed", exception=error)
        done.complete = False
        return
    done.connections += 1

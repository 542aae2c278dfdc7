"""Find the connections of an audience: read from the indexes, page by page."""

from collections.abc import Iterable, Iterator, Sequence

from chalicelib.actions.services import Services
from chalicelib.domain.audience import Audience, AudienceKind
from chalicelib.domain.types import ConnectionId, SessionId, TenantId
from chalicelib.stores.connection_items import Location
from chalicelib.stores.subscriptions import session_of


def find(services: Services, audience: Audience) -> Iterator[ConnectionId]:
    """Yield the connections of an audience.

    Listeners with a pending handshake are left out: a post to them would get 410.
    """
    if audience.kind is AudienceKind.TENANT:
        yield from services.connections.ids_of_tenant(TenantId(audience.key))
    elif audience.kind is AudienceKind.SUBSCRIBERS:
        yield from services.subscriptions.subscribers(audience.key)
    else:
        for each in services.connections.listeners(SessionId(audience.key), audience.language):
            if not each.handshake_pending:
                yield each.connection_id


def still_there(
    services: Services, audience: Audience, found: Sequence[ConnectionId]
) -> list[ConnectionId]:
    """Return those of `found` that still belong to an audience, in their order, each once.

    A connection may have moved to another session by the time a job posts to it. The first read is
    eventually consistent and may be stale: those that it would leave out are read once more,
    consistently, so that no recipient is lost.
    """

    def among(ids: Iterable[ConnectionId], *, consistent: bool) -> set[ConnectionId]:
        locations = services.connections.locations(ids, consistent=consistent)
        return {each.connection_id for each in locations if _includes(audience, each)}

    ids = list(dict.fromkeys(found))
    there = among(ids, consistent=False)
    there |= among([each for each in ids if each not in there], consistent=True)
    return [each for each in ids if each in there]


def _includes(audience: Audience, location: Location) -> bool:
    """Return whether a connection at `location` may still get what is for an audience.

    For a topic, being in its session is enough: the subscription is not looked up again.
    """
    if audience.kind is AudienceKind.TENANT:
        return location.tenant_id == audience.key
    if audience.kind is AudienceKind.SUBSCRIBERS:
        return location.session_id == session_of(audience.key)
    return location.session_id == audience.key and audience.language in (None, location.language)

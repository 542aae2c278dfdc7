"""Whom something is for, and who that is just now: read from the indexes, page by page."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from chalicelib.actions.services import Services
from chalicelib.domain.types import ConnectionId, SessionId, TenantId
from chalicelib.stores.connection_items import Location
from chalicelib.stores.subscriptions import session_of


class Kind(StrEnum):
    LISTENERS = "listeners"
    SUBSCRIBERS = "subscribers"
    TENANT = "tenant"


class Audience(Struct, frozen=True):
    """`key` is a session's id, a topic's key or a tenant's id; `language` narrows listeners."""

    kind: Kind
    key: str
    language: str | None = None

    @classmethod
    def from_job(cls, job: Mapping[str, Any]) -> "Audience":
        """What `for_job` has made."""
        return cls(Kind(job["kind"]), job["key"], job["language"])

    def for_job(self) -> dict[str, Any]:
        return asdict(self)

    def includes(self, location: Location) -> bool:
        """Whether a connection may still get what is for this audience.

        Of a topic's subscribers: those in its session. Whether each still subscribes is not asked.
        """
        if self.kind is Kind.TENANT:
            return location.tenant_id == self.key
        if self.kind is Kind.SUBSCRIBERS:
            return location.session_id == session_of(self.key)
        return location.session_id == self.key and self.language in (None, location.language)


def listeners(session_id: SessionId, language: str | None = None) -> Audience:
    """The listeners of a session, or those of one language."""
    return Audience(Kind.LISTENERS, session_id, language)


def subscribers(topic_key: str) -> Audience:
    return Audience(Kind.SUBSCRIBERS, topic_key)


def tenant(tenant_id: TenantId) -> Audience:
    """Every open connection of a tenant."""
    return Audience(Kind.TENANT, tenant_id)


def find(services: Services, audience: Audience) -> Iterator[ConnectionId]:
    """Listeners whose handshake is not over are not among them: a post would get 410."""
    if audience.kind is Kind.TENANT:
        yield from services.connections.ids_of_tenant(TenantId(audience.key))
    elif audience.kind is Kind.SUBSCRIBERS:
        yield from services.subscriptions.subscribers(audience.key)
    else:
        for each in services.connections.listeners(SessionId(audience.key), audience.language):
            if not each.handshake_pending:
                yield each.connection_id


def still_there(
    services: Services, audience: Audience, found: Sequence[ConnectionId]
) -> list[ConnectionId]:
    """Those of `found` that belong to an audience by now, in their order, each once.

    A socket may be in another session by the time a job posts to it. The cheap read may be
    outdated: whom it would leave out is looked up once more, so that nobody is left out by it.
    """

    def among(ids: Iterable[ConnectionId], *, consistent: bool) -> set[ConnectionId]:
        locations = services.connections.locations(ids, consistent=consistent)
        return {each.connection_id for each in locations if audience.includes(each)}

    ids = list(dict.fromkeys(found))
    there = among(ids, consistent=False)
    there |= among([each for each in ids if each not in there], consistent=True)
    return [each for each in ids if each in there]

"""Whom something is for, and who that is just now: read from the indexes, page by page."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from chalicelib.actions.services import Services
from chalicelib.domain.types import ConnectionId, SessionId, TenantId


class Kind(StrEnum):
    LISTENERS = "listeners"
    SUBSCRIBERS = "subscribers"
    TENANT = "tenant"


@dataclass(frozen=True)
class Audience:
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
            if each.ready:
                yield each.connection_id

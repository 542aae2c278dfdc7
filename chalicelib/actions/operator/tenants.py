"""What belongs to one tenant: its sessions, its connections, and a word to all of them.

For services of the operator's. Everything is asked for by tenant, and nothing of another one's is
ever in the answer. Lists come in pages, each with the cursor of the next.
"""

from typing import Generic, TypeVar

from msgspec import Raw, Struct

from chalicelib.actions.delivery import deliver as delivery
from chalicelib.actions.ports import Remaining
from chalicelib.actions.services import Services
from chalicelib.domain.audience import tenant
from chalicelib.domain.session import Connection, Session
from chalicelib.domain.types import SessionId, TenantId
from chalicelib.errors import Code, Forbidden, NotFound
from chalicelib.protocol.codec import encode_for_many
from chalicelib.protocol.messages import TenantMessage
from chalicelib.stores.attributes import Item

T = TypeVar("T")
PAGE = 100
"""Entries of a page, unless fewer are asked for; DynamoDB reads no more at once."""


class Page(Struct, Generic[T], frozen=True):
    """Some entries of a list; `cursor` leads to the next ones, None at the end.

    A page may be short, or empty, before the end: what has gone meanwhile is left out.
    """

    entries: list[T]
    cursor: str | None


def sessions(
    services: Services,
    tenant_id: TenantId,
    *,
    cursor: str | None = None,
    limit: int = PAGE,
    active_only: bool = False,
) -> Page[Session]:
    """A tenant's sessions, newest first; ended ones too, as long as the table has them.

    Raises BadRequest: the cursor is not of this list.
    """
    scope = f"sessions {tenant_id}"
    start = _start(services, scope, tenant_id, cursor)
    ids, last = services.sessions.page_of_tenant(tenant_id, start, _limit(limit))
    found = {each.session_id: each for each in services.sessions.get_many(ids)}
    entries = [found[each] for each in ids if each in found]
    if active_only:
        entries = [each for each in entries if each.is_active]
    return Page(entries, _cursor(services, scope, last))


def connections(
    services: Services, tenant_id: TenantId, *, cursor: str | None = None, limit: int = PAGE
) -> Page[Connection]:
    """A tenant's open connections: with a token of it, or anonymous in a session of it.

    Raises BadRequest: the cursor is not of this list.
    """
    scope = f"connections {tenant_id}"
    start = _start(services, scope, tenant_id, cursor)
    ids, last = services.connections.page_of_tenant(tenant_id, start, _limit(limit))
    entries = [each for each in services.connections.get_many(ids) if each.tenant_id == tenant_id]
    return Page(entries, _cursor(services, scope, last))


def session(services: Services, tenant_id: TenantId, session_id: SessionId) -> Session:
    """One session of a tenant, active or ended.

    Raises NotFound: there is none of that name. Forbidden: it is another tenant's.
    """
    found = services.sessions.get(session_id)
    if found is None:
        raise NotFound(Code.SESSION_NOT_FOUND, f"there is no session {session_id}")
    if found.tenant_id != tenant_id:
        raise Forbidden(Code.FORBIDDEN, "this session is another tenant's")
    return found


def tell(services: Services, tenant_id: TenantId, data: Raw, remaining: Remaining) -> int:
    """Tells every open connection of a tenant, here or in the background; answers how many.

    Raises PayloadTooLarge: the message would pass 128 KB. UpstreamError: not all have been told.
    """
    body = encode_for_many(TenantMessage(timestamp=services.clock(), data=data))
    return delivery.to_all_found(services, tenant(tenant_id), body, remaining)


def _start(services: Services, scope: str, tenant_id: TenantId, cursor: str | None) -> Item | None:
    if cursor is None:
        return None
    return {**services.cursors.read(scope, cursor), "tenantId": tenant_id}


def _cursor(services: Services, scope: str, last: Item | None) -> str | None:
    return services.cursors.write(scope, last) if last else None


def _limit(limit: int) -> int:
    return max(1, min(limit, PAGE))

"""List sessions and connections: of all tenants, of one tenant, of one session.

Lists come in pages, each with the cursor of the next. A list of a tenant never has an entry of
another one.
"""

from typing import Any, Generic, TypeVar

from msgspec import Struct

from chalicelib.actions.services import Services
from chalicelib.domain.session import Connection, Session
from chalicelib.domain.types import SessionId, TenantId
from chalicelib.errors import Code, NotFound
from chalicelib.stores.attributes import Item
from chalicelib.stores.session_items import SHARDS

T = TypeVar("T")
PAGE = 100
"""The most entries of a page: DynamoDB reads no more at once."""
_ACTIVE = "active sessions"


class Page(Struct, Generic[T], frozen=True):
    """Some entries of a list; `cursor` leads to the next ones, None at the end.

    A page may be short, or empty, before the end: entries that are gone by now are left out.
    """

    entries: list[T]
    cursor: str | None


def active_sessions(
    services: Services, *, cursor: str | None = None, limit: int = PAGE
) -> Page[Session]:
    """Return active sessions of all tenants, shard by shard, the oldest of a shard first.

    Raises BadRequest: the cursor is not of this list.
    """
    position = _position(services, _ACTIVE, cursor)
    shard: int = position.get("shard", 0)
    start: Item | None = position.get("start")
    ids: list[SessionId] = []
    while shard < SHARDS and len(ids) < limit:
        found, start = services.sessions.page_of_active(shard, start, limit - len(ids))
        ids += found
        if start is None:
            shard += 1
    entries = [each for each in _sessions(services, ids) if each.is_active]
    if shard == SHARDS:
        return Page(entries, None)
    return Page(entries, services.cursors.write(_ACTIVE, {"shard": shard, "start": start}))


def session(services: Services, session_id: SessionId) -> Session:
    """Return a session of any tenant, active or ended. Raises NotFound: there is none."""
    found = services.sessions.get(session_id)
    if found is None:
        raise NotFound(Code.SESSION_NOT_FOUND, f"there is no session {session_id}")
    return found


def connections(
    services: Services, session_id: SessionId, *, cursor: str | None = None, limit: int = PAGE
) -> Page[Connection]:
    """Return connections of a session: its speaker's, then its listeners', by language.

    Raises NotFound: there is no such session. BadRequest: the cursor is not of this list.
    """
    found = session(services, session_id)
    scope = f"connections of {session_id}"
    start: Item | None = _position(services, scope, cursor).get("start")
    entries = [] if cursor is not None else _speaker(services, found)
    last: Item | None = {}
    room = limit - len(entries)
    if room:
        ids, last = services.connections.page_of_session(session_id, start, room)
        by_id = {each.connection_id: each for each in services.connections.get_many(ids)}
        entries += [by_id[each] for each in ids if each in by_id]
    if last is None:
        return Page(entries, None)
    return Page(entries, services.cursors.write(scope, {"start": last or None}))


def tenant_sessions(
    services: Services,
    tenant_id: TenantId,
    *,
    cursor: str | None = None,
    limit: int = PAGE,
    active_only: bool = False,
) -> Page[Session]:
    """Return a tenant's sessions, newest first; ended ones too, as long as the table has them.

    Raises BadRequest: the cursor is not of this list.
    """
    scope = f"sessions {tenant_id}"
    position = _position(services, scope, cursor)
    start: Item | None = {**position, "tenantId": tenant_id} if position else None
    ids, last = services.sessions.page_of_tenant(tenant_id, start, limit)
    entries = _sessions(services, ids)
    if active_only:
        entries = [each for each in entries if each.is_active]
    return Page(entries, services.cursors.write(scope, last) if last else None)


def _sessions(services: Services, ids: list[SessionId]) -> list[Session]:
    """Return sessions in the order of their ids, without those that are gone."""
    by_id = {each.session_id: each for each in services.sessions.get_many(ids)}
    return [by_id[each] for each in ids if each in by_id]


def _speaker(services: Services, session: Session) -> list[Connection]:
    """Return the speaker's connection; none while a dropped speaker may come back."""
    found = services.connections.get_in_session(session.speaker_connection_id, session.session_id)
    return [found] if found is not None else []


def _position(services: Services, scope: str, cursor: str | None) -> dict[str, Any]:
    return services.cursors.read(scope, cursor) if cursor is not None else {}

"""What an operator sees of all tenants: which sessions are active, and who is connected to one."""

from chalicelib.actions.operator.tenants import PAGE, Page
from chalicelib.actions.services import Services
from chalicelib.domain.session import Connection, Session
from chalicelib.domain.types import SessionId
from chalicelib.errors import Code, NotFound
from chalicelib.stores.attributes import Item
from chalicelib.stores.session_items import SHARDS

_ACTIVE = "active sessions"


def active_sessions(
    services: Services, *, cursor: str | None = None, limit: int = PAGE
) -> Page[Session]:
    """The active sessions of all tenants, shard by shard, the oldest of a shard first.

    Raises BadRequest: the cursor is not of this list.
    """
    place = services.cursors.read(_ACTIVE, cursor) if cursor is not None else {}
    shard: int = place.get("shard", 0)
    start: Item | None = place.get("start")
    ids: list[SessionId] = []
    while shard < SHARDS and len(ids) < limit:
        found, start = services.sessions.page_of_active(shard, start, limit - len(ids))
        ids += found
        if start is None:
            shard += 1
    by_id = {each.session_id: each for each in services.sessions.get_many(ids)}
    entries = [by_id[each] for each in ids if each in by_id and by_id[each].is_active]
    if shard == SHARDS:
        return Page(entries, None)
    return Page(entries, services.cursors.write(_ACTIVE, {"shard": shard, "start": start}))


def session(services: Services, session_id: SessionId) -> Session:
    """One session of any tenant, active or ended. Raises NotFound: there is none of that name."""
    found = services.sessions.get(session_id)
    if found is None:
        raise NotFound(Code.SESSION_NOT_FOUND, f"there is no session {session_id}")
    return found


def connections(
    services: Services, session_id: SessionId, *, cursor: str | None = None, limit: int = PAGE
) -> Page[Connection]:
    """The connections of a session: its speaker's, then its listeners', by language.

    Raises NotFound: there is no such session. BadRequest: the cursor is not of this list.
    """
    found = session(services, session_id)
    scope = f"connections of {session_id}"
    place = services.cursors.read(scope, cursor) if cursor is not None else {}
    entries = [] if cursor is not None else _speaker(services, found)
    room = limit - len(entries)
    start: Item | None = place.get("start")
    if room:
        ids, last = services.connections.page_of_session(session_id, start, room)
        by_id = {each.connection_id: each for each in services.connections.get_many(ids)}
        entries += [by_id[each] for each in ids if each in by_id]
    else:
        last = {}
    if last is None:
        return Page(entries, None)
    return Page(entries, services.cursors.write(scope, {"start": last or None}))


def _speaker(services: Services, session: Session) -> list[Connection]:
    """The speaker's connection, if it is there: one that dropped may be on its way back."""
    found = services.connections.get_in_session(session.speaker_connection_id, session.session_id)
    return [found] if found is not None else []

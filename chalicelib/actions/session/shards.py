"""The shards of a session's counts: find one with room, close them at the end."""

from chalicelib.actions.services import Services
from chalicelib.actions.session import lookup
from chalicelib.domain.counts import Shard, Totals
from chalicelib.domain.session import Session
from chalicelib.domain.types import Millis, SessionId
from chalicelib.errors import Code, NotFound, Unavailable

_FULL_RETRY_SECONDS = 5
_TOGETHER = 8
"""Shards that are closed at once: each has a connection of its own."""
_KEEP_MILLIS = 24 * 3_600_000
"""The time for which closed shards outlast their session's item, which shows their totals."""


def with_room(services: Services, session_id: SessionId, language: str) -> int:
    """Return a shard that can take a listener, by one consistent read of all of them.

    It is any of them, so that those who find theirs full at the same time do not all meet again.

    Raises:
        NotFound: the session has ended. Unavailable: it is full. BadRequest: its languages are.
    """
    totals = services.counts.totals(session_id)
    if not totals.is_open:
        raise NotFound(Code.SESSION_INACTIVE, f"session {session_id} has ended")
    free = [shard for shard in totals.shards if shard.listener_count < shard.capacity]
    if not free:
        raise Unavailable(Code.SESSION_FULL, "the session is full", retry_after=_FULL_RETRY_SECONDS)
    fitting = [shard for shard in free if make_room(services, shard, language)]
    if not fitting:
        raise lookup.too_many_languages()
    return fitting[services.pick(len(fitting))].number


def require_room(services: Services, session_id: SessionId, number: int, language: str) -> None:
    """Make room for a language in a listener's own shard, which it cannot leave.

    Raises NotFound: the session has ended. BadRequest: its languages are too many.
    """
    totals = services.counts.totals(session_id)
    if not totals.is_open:
        raise NotFound(Code.SESSION_INACTIVE, f"session {session_id} has ended")
    for shard in totals.shards:
        if shard.number == number and not make_room(services, shard, language):
            raise lookup.too_many_languages()


def make_room(services: Services, shard: Shard, language: str) -> bool:
    """Return True if a shard can count listeners of a language, now or after a removal of others.

    Languages that nobody listens to any more are removed for it.
    """
    if shard.has_room_for(language):
        return True
    services.counts.remove_unused_languages(shard)
    return bool(shard.unused_languages)


def close(services: Services, session: Session | None, totals: Totals) -> None:
    """Close the shards of an ended session that are still open. Idempotent.

    `session` is None if the table has deleted it.
    """
    expires_at = services.clock() if session is None else session.expires_at
    closings = [
        services.counts.close_call(shard, Millis(expires_at + _KEEP_MILLIS))
        for shard in totals.shards
        if shard.is_active
    ]
    for start in range(0, len(closings), _TOGETHER):
        services.together.each(closings[start : start + _TOGETHER])

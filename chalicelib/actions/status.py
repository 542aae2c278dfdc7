"""sessionStatus: asked for, every 30 seconds, and when the room changes (PROTOCOL section 5).

Everything comes from the counts on the session's item: no listener is ever looked at.
"""

from collections.abc import Iterable, Iterator
from itertools import islice

from chalicelib.actions.ports import Remaining
from chalicelib.actions.replies import broadcast_state
from chalicelib.actions.services import Call, Services
from chalicelib.actions.sessions import active_session
from chalicelib.domain.session import Session, StatusSent
from chalicelib.domain.status import distribution, trigger
from chalicelib.domain.types import ConnectionId, SessionId
from chalicelib.errors import Code, Forbidden, LecternError
from chalicelib.protocol import messages, requests
from chalicelib.protocol.codec import encode
from chalicelib.stores.session_items import SHARDS

_BATCH = 100


def get_status(
    services: Services, call: Call, _: requests.GetSessionStatus
) -> messages.SessionStatus:
    started = services.clock()
    session = active_session(services, call.require_session())
    if session.speaker_connection_id != call.connection_id:
        raise Forbidden(Code.FORBIDDEN, "another connection is this session's speaker now")
    _note(services, session)
    latency = services.clock() - started
    services.telemetry.metric("StatusQueryLatency", latency, "Milliseconds")
    return status(services, session, "requested")


def publish(services: Services, remaining: Remaining) -> int:
    """Tells every speaker where its session stands; answers how many were told.

    One that fails does not hold up the others.
    """
    told = 0
    sessions = active_sessions(services)
    while batch := list(islice(sessions, _BATCH)):
        told += _publish(services, batch, remaining)
    services.telemetry.metric("PeriodicStatusUpdatesSent", told)
    return told


def tell_if_due(services: Services, session_id: SessionId) -> bool:
    """A status because the room has changed, if it has changed enough by now."""
    session = services.sessions.get(session_id)
    if session is None or not session.is_active:
        return False
    reason = trigger(session)
    if reason is None:
        return False
    # Noted first: should two batches look at once, the second finds nothing left to tell.
    _note(services, session)
    _send(services, [(session, reason)], lambda: 5.0)
    return True


def status(
    services: Services, session: Session, reason: messages.UpdateReason
) -> messages.SessionStatus:
    now = services.clock()
    return messages.SessionStatus(
        timestamp=now,
        session_id=session.session_id,
        listener_count=session.listener_count,
        language_distribution=distribution(session.language_counts),
        session_duration=max(0, now - session.created_at) // 1000,
        broadcast_state=broadcast_state(session),
        update_reason=reason,
    )


def active_sessions(services: Services) -> Iterator[Session]:
    """Every active session, read in batches, shard by shard."""
    for shard in range(SHARDS):
        ids = services.sessions.active_ids(shard)
        while batch := list(islice(ids, _BATCH)):
            yield from (each for each in services.sessions.get_many(batch) if each.is_active)


def _publish(services: Services, batch: list[Session], remaining: Remaining) -> int:
    told = _send(services, ((session, "periodic") for session in batch), remaining)
    for session in batch:
        try:
            _note(services, session)
        except LecternError as error:
            services.telemetry.error("statusNotNoted", cause=str(error))
    return told


def _send(
    services: Services,
    statuses: Iterable[tuple[Session, messages.UpdateReason]],
    remaining: Remaining,
) -> int:
    def posts() -> Iterator[tuple[ConnectionId, bytes]]:
        for session, reason in statuses:
            if session.grace_deadline is None:
                yield session.speaker_connection_id, encode(status(services, session, reason))

    result = services.management.fan_out(posts(), remaining)
    for connection_id in result.gone:
        services.found_gone(services, connection_id)
    return result.delivered


def _note(services: Services, session: Session) -> None:
    """Remembers what the speaker knows now; nothing is written where that is nothing new."""
    languages = frozenset(distribution(session.language_counts))
    sent = session.status_sent
    if sent is None or (sent.count, sent.languages) != (session.listener_count, languages):
        told = StatusSent(session.listener_count, languages, services.clock())
        services.sessions.record_status(session.session_id, told)

"""sessionStatus: asked for, every 30 seconds, and when the room changes (PROTOCOL section 5).

Everything comes from the counts on the session's item: no listener is ever looked at.
"""

from collections.abc import Iterator, Sequence
from itertools import islice

from chalicelib.actions.ports import Remaining
from chalicelib.actions.registry import action
from chalicelib.actions.services import Call, Services
from chalicelib.actions.session.replies import broadcast_state
from chalicelib.actions.session.sessions import active_session
from chalicelib.domain.session import Session, StatusSent
from chalicelib.domain.status import distribution, trigger
from chalicelib.domain.types import SessionId
from chalicelib.errors import Code, Forbidden, LecternError
from chalicelib.protocol import messages, requests
from chalicelib.protocol.codec import encode
from chalicelib.protocol.jobs import PublishStatus
from chalicelib.stores.session_items import SHARDS

_BATCH = 100
_RESERVE_SECONDS = 8.0
"""What an invocation must still have to begin with another shard: one of 2,800 sessions takes 4."""


@action(requests.GetSessionStatus)
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


def publish(services: Services, remaining: Remaining, shards: Sequence[int] = range(SHARDS)) -> int:
    """Tells every speaker where its session stands; answers how many were told.

    One that fails does not hold up the others. Shards for which the time does not suffice get a job
    each.
    """
    told = 0
    for index, shard in enumerate(shards):
        if remaining() < _RESERVE_SECONDS:
            left = (PublishStatus(shard=each) for each in shards[index:])
            services.jobs.send_many(left)
            break
        sessions = active_sessions(services, [shard])
        while batch := list(islice(sessions, _BATCH)):
            told += _publish(services, batch, remaining)
    services.telemetry.metric("PeriodicStatusUpdatesSent", told)
    return told


def tick(services: Services, job: PublishStatus, remaining: Remaining) -> None:
    """The statuses of half a minute later, or of a shard that a run did not come to."""
    publish(services, remaining, range(SHARDS) if job.shard is None else [job.shard])


def tell_if_due(services: Services, session_id: SessionId, remaining: Remaining) -> None:
    """A status because the room has changed, if it has changed enough by now."""
    session = services.sessions.get(session_id)
    if session is None or not session.is_active or not _is_present(services, session):
        return
    reason = trigger(session)
    if reason is not None:
        # Noted first: should two batches look at once, the second finds nothing left to tell.
        _note(services, session)
        _send(services, [(session, reason)], remaining)


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


def active_sessions(services: Services, shards: Sequence[int] = range(SHARDS)) -> Iterator[Session]:
    """Every active session, or those of some shards, read in batches, shard by shard."""
    for shard in shards:
        ids = services.sessions.active_ids(shard)
        while batch := list(islice(ids, _BATCH)):
            yield from (each for each in services.sessions.get_many(batch) if each.is_active)


def _publish(services: Services, batch: list[Session], remaining: Remaining) -> int:
    present = [session for session in batch if _is_present(services, session)]
    told = _send(services, [(session, "periodic") for session in present], remaining)
    for session in told:
        try:
            _note(services, session)
        except LecternError as error:
            services.telemetry.error("statusNotNoted", exception=error)
    return len(told)


def _is_present(services: Services, session: Session) -> bool:
    """Whether the speaker has a socket, and on it the reply that must come first."""
    return session.grace_deadline is None and not session.speaker_handshake_pending(
        services.clock()
    )


def _send(
    services: Services,
    statuses: Sequence[tuple[Session, messages.UpdateReason]],
    remaining: Remaining,
) -> list[Session]:
    """Posts each to its speaker, cleans up those that are gone; answers the sessions told."""
    result = services.management.fan_out(
        (
            (session.speaker_connection_id, encode(status(services, session, reason)))
            for session, reason in statuses
        ),
        remaining,
    )
    for connection_id in result.gone:
        services.found_gone(services, connection_id)
    missed = {*result.gone, *result.slow, *result.unsent, *result.refused}
    return [session for session, _ in statuses if session.speaker_connection_id not in missed]


def _note(services: Services, session: Session) -> None:
    """Remembers what the speaker knows now; nothing is written where that is nothing new."""
    languages = frozenset(distribution(session.language_counts))
    sent = session.status_sent
    if sent is None or (sent.count, sent.languages) != (session.listener_count, languages):
        told = StatusSent(session.listener_count, languages, services.clock())
        services.sessions.record_status(session.session_id, told)

"""sessionStatus: on request, every 30 seconds, and when the listeners change (PROTOCOL section 5).

Everything comes from the counts on the session's item: no listener is ever read.
"""

from collections.abc import Sequence
from itertools import islice

from chalicelib.actions.ports import RESERVE_SECONDS, Remaining
from chalicelib.actions.registry import action
from chalicelib.actions.services import Call, Services
from chalicelib.actions.session import lookup, replies
from chalicelib.domain.session import Session, StatusSent
from chalicelib.domain.status import distribution, trigger
from chalicelib.domain.types import SessionId
from chalicelib.errors import LecternError
from chalicelib.protocol import messages, requests
from chalicelib.protocol.codec import encode
from chalicelib.protocol.jobs import PublishStatus
from chalicelib.stores.session_items import SHARDS

_BATCH = 100
"""Sessions of one fan-out."""


@action(requests.GetSessionStatus)
def get_status(
    services: Services, call: Call, _: requests.GetSessionStatus
) -> messages.SessionStatus:
    started = services.clock()
    session = lookup.active_session(services, call.require_session())
    if session.speaker_connection_id != call.connection_id:
        raise lookup.not_the_speaker()
    _note(services, session)
    latency = services.clock() - started
    services.telemetry.metric("StatusQueryLatency", latency, "Milliseconds")
    return status(services, session, "requested")


def publish(services: Services, remaining: Remaining, shards: Sequence[int] = range(SHARDS)) -> int:
    """Send every speaker the status of its session. Return the number of speakers told.

    One that fails does not hold up the others. Shards for which the time does not suffice get a job
    each: one of 2,800 sessions takes 4 of the reserve's 8 seconds.
    """
    told = 0
    for index, shard in enumerate(shards):
        if remaining() < RESERVE_SECONDS:
            left = (PublishStatus(shard=each) for each in shards[index:])
            services.jobs.send_many(left)
            break
        sessions = lookup.active_sessions(services, [shard])
        while batch := list(islice(sessions, _BATCH)):
            told += _publish(services, batch, remaining)
    services.telemetry.metric("PeriodicStatusUpdatesSent", told)
    return told


def publish_job(services: Services, job: PublishStatus, remaining: Remaining) -> None:
    """Publish half a minute after the schedule, or for a shard that a run did not reach."""
    publish(services, remaining, range(SHARDS) if job.shard is None else [job.shard])


def send_if_due(services: Services, session_id: SessionId, remaining: Remaining) -> None:
    """Send the speaker a status, if the listeners have changed enough."""
    session = services.sessions.get(session_id)
    if session is None or not session.is_active or not _is_present(services, session):
        return
    reason = trigger(session)
    if reason is not None:
        # Noted first: of two batches that look at once, the second finds nothing left to send.
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
        broadcast_state=replies.broadcast_state(session),
        update_reason=reason,
    )


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
    """Return whether the speaker has a socket, and has its first reply on it."""
    return session.grace_deadline is None and not session.speaker_handshake_pending(
        services.clock()
    )


def _send(
    services: Services,
    statuses: Sequence[tuple[Session, messages.UpdateReason]],
    remaining: Remaining,
) -> list[Session]:
    """Post each status to its speaker. Return the sessions whose speakers were told."""
    result = services.management.fan_out(
        (
            (session.speaker_connection_id, encode(status(services, session, reason)))
            for session, reason in statuses
        ),
        remaining,
    )
    for connection_id in result.gone:
        services.on_gone(services, connection_id)
    missed = {*result.gone, *result.slow, *result.unsent, *result.refused}
    return [session for session, _ in statuses if session.speaker_connection_id not in missed]


def _note(services: Services, session: Session) -> None:
    """Remember what the speaker has been told, unless that is what it was told before."""
    languages = frozenset(distribution(session.language_counts))
    sent = session.status_sent
    if sent is None or (sent.count, sent.languages) != (session.listener_count, languages):
        told = StatusSent(session.listener_count, languages, services.clock())
        services.sessions.record_status(session.session_id, told)

"""sessionStatus: on request, every 30 seconds, and when the listeners change (PROTOCOL section 5).

Everything comes from the session's counts: no listener is ever read.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from msgspec import Struct

from chalicelib.actions.ports import RESERVE_SECONDS, Remaining
from chalicelib.actions.registry import action
from chalicelib.actions.services import Call, Services
from chalicelib.actions.session import lookup, replies
from chalicelib.actions.upkeep.gauges import Gauges
from chalicelib.domain.counts import Totals
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
_READS_TOGETHER = 8
"""Sessions whose counts are read at once: each has a connection of its own."""
_CLAIM_TRIES = 4


class _Status(Struct, frozen=True):
    """A status to send: its session, the session's counts, and why it is sent."""

    session: Session
    totals: Totals
    reason: messages.UpdateReason


@action(requests.GetSessionStatus)
def get_status(
    services: Services, call: Call, _: requests.GetSessionStatus
) -> messages.SessionStatus:
    started = services.clock()
    session = lookup.active_session(services, call.require_session())
    if session.speaker_connection_id != call.connection_id:
        raise lookup.not_the_speaker()
    totals = services.counts.totals(session.session_id)
    _claim(services, session, totals)
    latency = services.clock() - started
    services.telemetry.metric("StatusQueryLatency", latency, "Milliseconds")
    return status(services, session, totals, "requested")


def publish(services: Services, remaining: Remaining, shards: Sequence[int] = range(SHARDS)) -> int:
    """Send every speaker the status of its session. Return the number of speakers told.

    A run over all sessions emits the metrics of all.

    One that fails does not hold up the others. Shards for which the time does not suffice get a job
    each: one of 2,800 sessions takes 4 of the reserve's 8 seconds.
    """
    told, gauges = 0, Gauges()
    for index, shard in enumerate(shards):
        if remaining() < RESERVE_SECONDS:
            left = (PublishStatus(shard=each) for each in shards[index:])
            services.jobs.send_many(left)
            break
        sessions = _counted(services, lookup.active_sessions(services, [shard]), gauges)
        while batch := list(islice(sessions, _BATCH)):
            told += _publish(services, batch, remaining)
    else:
        if len(shards) == SHARDS:
            gauges.emit(services)
    services.telemetry.metric("PeriodicStatusUpdatesSent", told)
    return told


def _counted(
    services: Services, sessions: Iterable[Session], gauges: Gauges
) -> Iterator[tuple[Session, Totals]]:
    """Yield each session with its counts, and add these to the metrics."""
    remaining = iter(sessions)
    while some := list(islice(remaining, _READS_TOGETHER)):
        calls = [
            services.counts.totals_call(session.session_id, consistent=False) for session in some
        ]
        for session, totals in zip(some, services.together.each(calls), strict=True):
            gauges.add(totals)
            yield session, totals


def publish_job(services: Services, job: PublishStatus, remaining: Remaining) -> None:
    """Publish half a minute after the schedule, or for a shard that a run did not reach."""
    publish(services, remaining, range(SHARDS) if job.shard is None else [job.shard])


def send_if_due(services: Services, session_id: SessionId, remaining: Remaining) -> None:
    """Send the speaker a status, if the listeners have changed enough.

    It is claimed first: of two invocations that look at once, one sends it. The other one looks
    again, as it may have seen a later change.
    """
    for _ in range(_CLAIM_TRIES):
        session = services.sessions.get(session_id)
        if session is None or not session.is_active or not _is_present(services, session):
            return
        totals = services.counts.totals(session_id)
        reason = trigger(session, totals)
        if reason is None:
            return
        if _claim(services, session, totals):
            _send(services, [_Status(session, totals, reason)], remaining)
            return


def status(
    services: Services, session: Session, totals: Totals, reason: messages.UpdateReason
) -> messages.SessionStatus:
    now = services.clock()
    return messages.SessionStatus(
        timestamp=now,
        session_id=session.session_id,
        listener_count=totals.listener_count,
        language_distribution=distribution(totals.language_counts),
        session_duration=max(0, now - session.created_at) // 1000,
        broadcast_state=replies.broadcast_state(session),
        update_reason=reason,
    )


def _publish(services: Services, batch: list[tuple[Session, Totals]], remaining: Remaining) -> int:
    statuses = [
        _Status(session, totals, "periodic")
        for session, totals in batch
        if _is_present(services, session)
    ]
    told = _send(services, statuses, remaining)
    for each in told:
        try:
            _claim(services, each.session, each.totals)
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
    statuses: Sequence[_Status],
    remaining: Remaining,
) -> list[_Status]:
    """Post each status to its speaker. Return those that were delivered."""
    result = services.management.fan_out(
        (
            (
                each.session.speaker_connection_id,
                encode(status(services, each.session, each.totals, each.reason)),
            )
            for each in statuses
        ),
        remaining,
    )
    for connection_id in result.gone:
        services.on_gone(services, connection_id)
    missed = {*result.gone, *result.slow, *result.unsent, *result.refused}
    return [each for each in statuses if each.session.speaker_connection_id not in missed]


def _claim(services: Services, session: Session, totals: Totals) -> bool:
    """Record what the speaker is told, unless that is what it was told before.

    Return False if another status has been recorded since `session` was read.
    """
    languages = frozenset(distribution(totals.language_counts))
    sent = session.status_sent
    if sent is not None and (sent.count, sent.languages) == (totals.listener_count, languages):
        return True
    told = StatusSent(totals.listener_count, languages, services.clock())
    return services.sessions.claim_status(session, told)

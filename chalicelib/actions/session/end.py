"""endSession, and every other end of a session: marked by one conditional update, then told.

The caller that wins the update tells and dismisses everybody at once. What a crash leaves undone is
finished by the sessions stream, and if the stream gives up, by a job that was sent before the
update.
"""

from chalicelib.actions.ports import Remaining
from chalicelib.actions.registry import action
from chalicelib.actions.services import Call, Services
from chalicelib.actions.session import dismissal, lookup, replies
from chalicelib.domain.session import Session
from chalicelib.domain.types import ConnectionId, Millis, SessionId
from chalicelib.errors import UpstreamError
from chalicelib.protocol import messages, requests
from chalicelib.protocol.jobs import FinishEnd
from chalicelib.protocol.messages import EndReason

_BACKUP_SECONDS = 60
"""Delay of the job that is sent before the update: by then the stream is through, as a rule."""


@action(requests.EndSession)
def end_session(services: Services, call: Call, _: requests.EndSession) -> messages.SessionEnded:
    session_id = call.require_session()
    won = end(services, session_id, "endedBySpeaker", call.remaining, speaker=call.connection_id)
    if not won:
        lookup.active_session(services, session_id)
        raise lookup.not_the_speaker()
    return replies.session_ended(services, session_id, "endedBySpeaker")


def end(
    services: Services,
    session_id: SessionId,
    reason: EndReason,
    remaining: Remaining,
    *,
    speaker: ConnectionId | None = None,
    grace_deadline: Millis | None = None,
    overdue: bool = False,
) -> bool:
    """End a session under the conditions of `SessionStore.end`.

    Return False if it was over, or a condition is false.
    """
    _send_backup_job(services, session_id)
    won = services.sessions.end(
        session_id,
        reason,
        services.clock(),
        speaker=speaker,
        grace_deadline=grace_deadline,
        overdue=overdue,
    )
    session = services.sessions.get(session_id) if won else None
    if session is not None:
        _measure(services, session)
        dismissal.start(services, session, remaining)
    return won


def _send_backup_job(services: Services, session_id: SessionId) -> None:
    """Send a job that finds nothing to do, as a rule. Without a queue there is still the stream."""
    try:
        services.jobs.send(FinishEnd(session_id=session_id), _BACKUP_SECONDS)
    except UpstreamError as error:
        services.telemetry.warning("endWithoutJob", sessionId=session_id, exception=error)


def _measure(services: Services, session: Session) -> None:
    seconds = ((session.ended_at or services.clock()) - session.created_at) // 1000
    services.telemetry.metric("SessionDuration", seconds, "Seconds")
    services.telemetry.info(
        "sessionEnded", sessionId=session.session_id, reason=session.end_reason, seconds=seconds
    )

"""The grace period, in which a dropped speaker may come back (PROTOCOL 6.3)."""

from chalicelib.actions.delivery import deliver
from chalicelib.actions.ports import Remaining
from chalicelib.actions.services import Services
from chalicelib.actions.session import end
from chalicelib.domain.session import Session
from chalicelib.domain.types import ConnectionId, Millis, SessionId
from chalicelib.errors import UpstreamError
from chalicelib.protocol.jobs import EndGrace
from chalicelib.protocol.messages import SpeakerReconnecting, SpeakerReturned


def start(
    services: Services, session_id: SessionId, speaker: ConnectionId, remaining: Remaining
) -> None:
    """Start the grace period, and tell the listeners its deadline.

    Nothing happens if the session has ended or goes on over another connection.
    """
    seconds = services.settings.speaker_grace_seconds
    deadline = Millis(services.clock() + seconds * 1000)
    session = services.sessions.start_grace(session_id, speaker, deadline)
    if session is None:
        return
    deadline = session.grace_deadline or deadline
    _end_later(services, session_id, deadline, seconds)
    message = SpeakerReconnecting(
        timestamp=services.clock(), session_id=session_id, deadline=deadline
    )
    deliver.to_listeners(services, session, message, remaining)
    current = services.sessions.get(session_id)
    if current is not None and current.is_active and current.grace_deadline != deadline:
        # The speaker came back meanwhile, and some listeners may have been told that first.
        tell_returned(services, current, deadline, remaining)


def tell_returned(
    services: Services, session: Session, deadline: Millis, remaining: Remaining
) -> None:
    """Tell the listeners that the speaker is back. `deadline` is the one that they were told."""
    message = SpeakerReturned(
        timestamp=services.clock(), session_id=session.session_id, deadline=deadline
    )
    deliver.to_listeners(services, session, message, remaining)


def expire(
    services: Services, session_id: SessionId, deadline: Millis, remaining: Remaining
) -> None:
    """End the session, if its speaker is still away under that very deadline."""
    end.end(services, session_id, "speakerDisconnected", remaining, grace_deadline=deadline)


def _end_later(services: Services, session_id: SessionId, deadline: Millis, seconds: int) -> None:
    try:
        services.jobs.send(EndGrace(session_id=session_id, deadline=deadline), seconds)
    except UpstreamError as error:
        # The sweep ends the session too, up to a minute later.
        services.telemetry.error("graceWithoutJob", sessionId=session_id, exception=error)

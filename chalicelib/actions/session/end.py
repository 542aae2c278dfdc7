"""How a session ends: marked by one conditional update, then told and cleaned up.

Whoever wins the update does the rest at once; what a crash leaves of it is done by the sessions
stream, and should that be given up, by a job that was sent before the update. Every unfinished
clean-up becomes a job as well. The session's own count says when it is over: it goes down with each
connection that leaves, so 0 means that none is left, even while the index still lags behind.
"""

from collections.abc import Iterable, Iterator
from itertools import islice

from chalicelib.actions.delivery import deliver as delivery
from chalicelib.actions.ports import Remaining
from chalicelib.actions.services import Services
from chalicelib.actions.session import leave as leaving
from chalicelib.domain.session import Connection, Session
from chalicelib.domain.types import ConnectionId, Millis, SessionId
from chalicelib.errors import TransactionCancelled, UpstreamError
from chalicelib.protocol.codec import encode
from chalicelib.protocol.jobs import FinishEnd
from chalicelib.protocol.messages import EndReason, SessionEnded
from chalicelib.stores.connection_items import Recipient
from chalicelib.stores.membership import DISMISSAL_BATCH, DISMISSAL_LANGUAGES

RESERVE_SECONDS = 3.0
"""What is kept of an invocation's time for handing the rest to a job."""
_RETRY_SECONDS = range(2, 60)
"""Between tries: a quarter of the time since the end, within these."""
_MAKE_SURE_SECONDS = 60
"""When the job looks that was sent before the end: by then the stream is through, as a rule."""
_PATIENCE_MILLIS = 600_000
"""For so long a listener that cannot be reached is tried again before it is let go; the sweep
closes those that are dead long before."""
_OPENING_MILLIS = 60_000
"""For so long one is waited for whose handshake is not over: its welcome may have been lost."""
_MESSAGES: dict[EndReason, str] = {
    "endedBySpeaker": "The speaker has ended the session.",
    "speakerDisconnected": "The speaker's connection was lost.",
    "expired": "The session has reached its longest duration.",
    "endedByOperator": "The session was ended by an operator.",
}


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
    """Ends a session; False if it was over, or a condition (see `SessionStore.end`) is false."""
    _make_sure(services, session_id)
    won = services.sessions.end(
        session_id,
        reason,
        services.clock(),
        speaker=speaker,
        grace_deadline=grace_deadline,
        overdue=overdue,
    )
    if won:
        session = services.sessions.get(session_id)
        if session is not None:
            _measure(services, session)
            if session.listener_count > services.settings.inline_fanout_limit:
                _finish_later(services, session_id, delay=0)
            else:
                finish(services, session_id, remaining)
    return won


def notice(services: Services, session_id: SessionId, reason: EndReason) -> SessionEnded:
    return SessionEnded(
        timestamp=services.clock(),
        session_id=session_id,
        reason=reason,
        message=_MESSAGES[reason],
    )


def finish(services: Services, session_id: SessionId, remaining: Remaining) -> None:
    """Tells and dismisses everybody that an ended session still has; may be called again."""
    session = services.sessions.get(session_id)
    if session is None or session.is_active:
        return
    _dismiss_speaker(services, session)
    body = encode(notice(services, session_id, reason_of(session)))
    since = services.clock() - (session.ended_at or 0)
    listeners = services.connections.listeners(session_id)
    while remaining() > RESERVE_SECONDS:
        page = list(islice(listeners, delivery.CHUNK))
        if not page:
            break
        _dismiss(services, session, _told(services, page, body, remaining, since))
    left = services.sessions.get(session_id)
    if left is not None and left.listener_count > 0:
        delay = max(_RETRY_SECONDS.start, min(since // 4000, _RETRY_SECONDS.stop))
        _finish_later(services, session_id, delay)


def reason_of(session: Session | None) -> EndReason:
    """Why a session ended; one that is gone altogether has outlived its time."""
    for reason in _MESSAGES:
        if session is not None and reason == session.end_reason:
            return reason
    return "expired"


def _dismiss_speaker(services: Services, session: Session) -> None:
    """A speaker that did not end the session itself is told; its socket stays open."""
    speaker = services.connections.get_in_session(session.speaker_connection_id, session.session_id)
    if speaker is None:
        return
    reason = reason_of(session)
    if reason in ("expired", "endedByOperator"):
        delivery.to_one(
            services, speaker.connection_id, notice(services, session.session_id, reason)
        )
    services.connections.release(speaker.connection_id, session.session_id)


def _told(
    services: Services,
    page: list[Recipient],
    body: bytes,
    remaining: Remaining,
    since: int,
) -> list[Recipient]:
    """Posts to a page of listeners; answers those that need not be told (again).

    `since` is for how long the session has been over, in milliseconds.
    """
    ready = [(listener.connection_id, body) for listener in page if not listener.handshake_pending]
    result = delivery.post(services, ready, remaining)
    keep = set(result.unsent)
    if since < _PATIENCE_MILLIS:
        keep |= set(result.slow)
    if since < _OPENING_MILLIS:
        keep |= {listener.connection_id for listener in page if listener.handshake_pending}
    return [listener for listener in page if listener.connection_id not in keep]


def _dismiss(services: Services, session: Session, listeners: Iterable[Recipient]) -> None:
    """Takes them out of the session in batches, one by one where a batch has changed meanwhile.

    A copy that is read too early to know the session, as of one that has just joined, is left for
    the next time: the count is not 0 then.
    """
    copies = services.connections.get_many(each.connection_id for each in listeners)
    for batch in _batches(each for each in copies if each.session_id == session.session_id):
        try:
            services.membership.dismiss(session, batch)
        except TransactionCancelled:
            for listener in batch:
                leaving.leave(services, listener)


def _batches(listeners: Iterable[Connection]) -> Iterator[list[Connection]]:
    """What one transaction can take: so many connections, of not too many languages."""
    batch: list[Connection] = []
    languages: set[str | None] = set()
    for listener in sorted(listeners, key=lambda each: each.target_language or ""):
        language = listener.target_language
        if len(batch) == DISMISSAL_BATCH or len(languages | {language}) > DISMISSAL_LANGUAGES:
            yield batch
            batch, languages = [], set()
        batch.append(listener)
        languages.add(language)
    if batch:
        yield batch


def _finish_later(services: Services, session_id: SessionId, delay: int) -> None:
    services.jobs.send(FinishEnd(session_id=session_id), delay)


def _make_sure(services: Services, session_id: SessionId) -> None:
    """A job that is not needed finds nothing to do; without a queue there is still the stream."""
    try:
        _finish_later(services, session_id, _MAKE_SURE_SECONDS)
    except UpstreamError as error:
        services.telemetry.warning("endWithoutJob", sessionId=session_id, exception=error)


def _measure(services: Services, session: Session) -> None:
    seconds = ((session.ended_at or services.clock()) - session.created_at) // 1000
    services.telemetry.metric("SessionDuration", seconds, "Seconds")
    services.telemetry.info(
        "sessionEnded", sessionId=session.session_id, reason=session.end_reason, seconds=seconds
    )

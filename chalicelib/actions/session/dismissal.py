"""Tell everybody in an ended session that it is over, and dismiss them.

What does not fit into the invocation's time goes on in a job. The session's own count says when it
is done: it goes down with each connection that leaves, so 0 means that none is left, even while the
index still lags behind.
"""

from collections.abc import Iterable, Iterator
from itertools import islice

from chalicelib.actions.delivery import deliver
from chalicelib.actions.ports import Remaining
from chalicelib.actions.services import Services
from chalicelib.actions.session import leave, replies
from chalicelib.domain.session import Connection, Session
from chalicelib.domain.types import SessionId
from chalicelib.errors import TransactionCancelled
from chalicelib.protocol.codec import encode
from chalicelib.protocol.jobs import FinishEnd
from chalicelib.stores.connection_items import Recipient
from chalicelib.stores.membership import DISMISSAL_BATCH, DISMISSAL_LANGUAGES

HANDOVER_SECONDS = 3.0
"""Seconds that an invocation must still have for handing the rest over to a job."""
_RETRY_SECONDS = range(2, 60)
"""Bounds of the delay between tries, which is a quarter of the time since the end."""
_UNREACHABLE_MILLIS = 600_000
"""A listener that cannot be reached for this long is dismissed untold. The sweep closes those whose
client is gone long before."""
_PENDING_MILLIS = 60_000
"""A listener whose handshake is pending for this long is dismissed: its first reply may be lost."""


def start(services: Services, session: Session, remaining: Remaining) -> None:
    """Tell and dismiss everybody in a session that has just ended: now, or if many, in a job."""
    if session.listener_count > services.settings.inline_fanout_limit:
        _finish_later(services, session.session_id, delay=0)
    else:
        finish(services, session.session_id, remaining)


def finish(services: Services, session_id: SessionId, remaining: Remaining) -> None:
    """Tell and dismiss everybody that an ended session still has. Idempotent."""
    session = services.sessions.get(session_id)
    if session is None or session.is_active:
        return
    _dismiss_speaker(services, session)
    body = encode(replies.session_ended(services, session_id, replies.end_reason(session)))
    since = services.clock() - (session.ended_at or 0)
    listeners = services.connections.listeners(session_id)
    while remaining() > HANDOVER_SECONDS:
        page = list(islice(listeners, deliver.CHUNK))
        if not page:
            break
        _dismiss(services, session, _tell(services, page, body, remaining, since))
    left = services.sessions.get(session_id)
    if left is not None and left.listener_count > 0:
        delay = max(_RETRY_SECONDS.start, min(since // 4000, _RETRY_SECONDS.stop))
        _finish_later(services, session_id, delay)


def _finish_later(services: Services, session_id: SessionId, delay: int) -> None:
    services.jobs.send(FinishEnd(session_id=session_id), delay)


def _dismiss_speaker(services: Services, session: Session) -> None:
    """Release the speaker's connection, and tell a speaker that did not end the session itself."""
    speaker = services.connections.get_in_session(session.speaker_connection_id, session.session_id)
    if speaker is None:
        return
    reason = replies.end_reason(session)
    if reason in ("expired", "endedByOperator"):
        ended = replies.session_ended(services, session.session_id, reason)
        deliver.to_one(services, speaker.connection_id, ended)
    services.connections.release(speaker.connection_id, session.session_id)


def _tell(
    services: Services,
    page: list[Recipient],
    body: bytes,
    remaining: Remaining,
    since: int,
) -> list[Recipient]:
    """Post to a page of listeners. Return those that need no other try.

    `since` is the time since the end, in milliseconds.
    """
    posts = [(listener.connection_id, body) for listener in page if not listener.handshake_pending]
    result = deliver.fan_out(services, posts, remaining)
    keep = set(result.unsent)
    if since < _UNREACHABLE_MILLIS:
        keep |= set(result.slow)
    if since < _PENDING_MILLIS:
        keep |= {listener.connection_id for listener in page if listener.handshake_pending}
    return [listener for listener in page if listener.connection_id not in keep]


def _dismiss(services: Services, session: Session, listeners: Iterable[Recipient]) -> None:
    """Take listeners out of the session in batches; one by one if a batch has changed meanwhile.

    A copy that was read before its connection joined does not show the session yet. It is left for
    the next time: the count is not 0 then.
    """
    copies = services.connections.get_many(each.connection_id for each in listeners)
    for batch in _batches(each for each in copies if each.session_id == session.session_id):
        try:
            services.membership.dismiss(session, batch)
        except TransactionCancelled:
            for listener in batch:
                leave.leave(services, listener)


def _batches(listeners: Iterable[Connection]) -> Iterator[list[Connection]]:
    """Yield what one transaction can take: not too many connections, of not too many languages."""
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

"""Tell everybody in an ended session that it is over, and dismiss them.

First the shards of its counts are closed, so that nobody joins any more. What does not fit into the
invocation's time goes on in a job. The session's own count says when it is done: it goes down with
each connection that leaves, so 0 means that none is left, even while the index still lags behind.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby, islice

from chalicelib.actions.delivery import deliver
from chalicelib.actions.ports import Remaining
from chalicelib.actions.services import Services
from chalicelib.actions.session import leave, replies, shards
from chalicelib.domain.session import Connection, Session
from chalicelib.domain.types import SessionId
from chalicelib.errors import LecternError, TransactionCancelled
from chalicelib.protocol.codec import encode
from chalicelib.protocol.jobs import FinishEnd
from chalicelib.stores.connection_items import Recipient
from chalicelib.stores.membership import DISMISSAL_BATCH, TransactionItem

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
    totals = services.counts.totals(session.session_id)
    shards.close(services, session, totals)
    if totals.listener_count > services.settings.inline_fanout_limit:
        _finish_later(services, session.session_id, delay=0)
    else:
        _finish(services, session.session_id, session, remaining)


def finish(services: Services, session_id: SessionId, remaining: Remaining) -> None:
    """Tell and dismiss everybody that a session still has that has ended, or is gone. Idempotent.

    The table deletes a session whose end was never marked, if no sweep has come for hours.
    """
    session = services.sessions.get(session_id)
    if session is not None and session.is_active:
        return
    totals = services.counts.totals(session_id)
    if totals.is_final or (session is None and not totals.shards):
        if session is not None:
            _dismiss_speaker(services, session)
        return
    shards.close(services, session, totals)
    _finish(services, session_id, session, remaining)


def _finish(
    services: Services, session_id: SessionId, session: Session | None, remaining: Remaining
) -> None:
    """Tell and dismiss the speaker and the listeners. The shards are closed."""
    if session is not None:
        _dismiss_speaker(services, session)
    body = encode(replies.session_ended(services, session_id, replies.end_reason(session)))
    ended_at = session.ended_at if session is not None else None
    since = services.clock() - (ended_at or 0)
    listeners = services.connections.listeners(session_id)
    while remaining() > HANDOVER_SECONDS:
        page = list(islice(listeners, deliver.CHUNK))
        if not page:
            break
        told = _tell(services, page, body, remaining, since)
        _dismiss(services, session_id, session, told)
    if services.counts.totals(session_id).listener_count > 0:
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


def _dismiss(
    services: Services,
    session_id: SessionId,
    session: Session | None,
    listeners: Iterable[Recipient],
) -> None:
    """Take listeners out of the session, in batches of one shard each.

    A copy that was read before its connection joined does not show the session yet. It is left for
    the next time: the count is not 0 then.
    """
    copies = services.connections.get_many(each.connection_id for each in listeners)
    for batch in _batches(each for each in copies if each.session_id == session_id):
        if batch[0].shard is None:  # of a session of version 0.1.0
            _dismiss_singly(services, batch)
        else:
            _dismiss_batch(services, session, batch)


def _dismiss_batch(services: Services, session: Session | None, batch: list[Connection]) -> None:
    """Dismiss a batch, without those that have closed, left, moved or changed meanwhile.

    A client that is told of the end may close its socket at once, so some of a batch often have.
    What is left for the next time: who has changed its language or moved to another socket, and a
    batch that met other transactions at every try.
    """
    while batch:
        try:
            services.membership.dismiss(session, batch)
        except TransactionCancelled as cancelled:
            changed = cancelled.failed_conditions(TransactionItem.CONNECTION)
            if any(changed):
                batch = [each for each, gone in zip(batch, changed, strict=True) if not gone]
                continue
            if cancelled.condition_failed(TransactionItem.SHARD):
                _dismiss_singly(services, batch)  # its counts are wrong, or gone
            else:
                services.telemetry.info("dismissalPutOff", listeners=len(batch))
        return


def _dismiss_singly(services: Services, batch: list[Connection]) -> None:
    for listener in batch:
        try:
            leave.leave(services, listener)
        except LecternError as error:  # the others are dismissed all the same
            services.telemetry.error("dismissalPartFailed", exception=error)


def _batches(listeners: Iterable[Connection]) -> Iterator[list[Connection]]:
    """Yield what one transaction can take: some listeners of one shard."""

    def shard(listener: Connection) -> int:
        return -1 if listener.shard is None else listener.shard

    for _, members in groupby(sorted(listeners, key=shard), key=shard):
        while batch := list(islice(members, DISMISSAL_BATCH)):
            yield batch

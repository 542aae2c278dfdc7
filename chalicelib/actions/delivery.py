"""The one way anything reaches many connections (DESIGN section 5).

Up to `INLINE_FANOUT_LIMIT` recipients are posted to right here; more are handed to jobs of a few
hundred each. What is left when the time is up becomes a job too.
"""

import base64
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from chalicelib.actions.ports import FanOutResult, Remaining
from chalicelib.actions.services import Services
from chalicelib.domain.session import Session
from chalicelib.domain.types import ConnectionId, SessionId
from chalicelib.errors import Gone, UpstreamError
from chalicelib.protocol.codec import encode
from chalicelib.protocol.messages import Message

CHUNK = 300
"""Recipients of one job."""


@dataclass(frozen=True)
class Target:
    """Whom something is for: the listeners of a session, or those of one language."""

    session_id: SessionId
    language: str | None = None


def expected_recipients(session: Session, language: str | None) -> int:
    """How many a target has by the session's own counts, without looking at any of them."""
    if language is None:
        return session.listener_count
    return session.language_counts.get(language, 0)


def to_listeners(
    services: Services, session: Session, message: Message, remaining: Remaining
) -> None:
    """Tells every listener of a session, in this call or in the background."""
    target = Target(session.session_id)
    body = encode(message)
    if session.listener_count > services.settings.inline_fanout_limit:
        enqueue(services, target, body)
    else:
        deliver(services, recipients(services, target), body, remaining)


def recipients(services: Services, target: Target) -> Iterator[ConnectionId]:
    """Pages through the index; listeners whose handshake is not over are not among them."""
    for listener in services.connections.listeners(target.session_id, target.language):
        if listener.ready:
            yield listener.connection_id


def deliver(
    services: Services,
    connection_ids: Iterable[ConnectionId],
    body: bytes,
    remaining: Remaining,
    request_id: str | None = None,
) -> FanOutResult:
    """Posts `body` to each; who is gone is disconnected, who could not be tried gets a job.

    `request_id` is the request whose progress counts this delivery, for the job of the unsent.
    """
    started = services.clock()
    result = services.management.fan_out(((each, body) for each in connection_ids), remaining)
    _measure(services, result, services.clock() - started)
    for connection_id in result.gone:
        services.found_gone(services, connection_id)
    if result.unsent:
        enqueue_chunks(services, result.unsent, body, request_id)
    return result


def enqueue(services: Services, target: Target, body: bytes, request_id: str | None = None) -> None:
    """Leaves a delivery to the background: a first job finds the recipients."""
    services.jobs.send(
        {
            "kind": "fanOut",
            "sessionId": target.session_id,
            "language": target.language,
            "body": base64.b64encode(body).decode(),
            "requestId": request_id,
        }
    )


def split(services: Services, target: Target, body: bytes, request_id: str | None) -> int:
    """Makes a job of each few hundred recipients; answers how many recipients there are."""
    found = recipients(services, target)
    total = 0
    while chunk := list(islice(found, CHUNK * 10)):
        total += len(chunk)
        enqueue_chunks(services, chunk, body, request_id)
    return total


def enqueue_chunks(
    services: Services, connection_ids: Sequence[ConnectionId], body: bytes, request_id: str | None
) -> None:
    """Jobs that post `body` to these very connections."""
    text = base64.b64encode(body).decode()
    services.jobs.send_many(
        {
            "kind": "deliver",
            "connectionIds": connection_ids[start : start + CHUNK],
            "body": text,
            "requestId": request_id,
        }
        for start in range(0, len(connection_ids), CHUNK)
    )


def to_one(services: Services, connection_id: ConnectionId, message: Message) -> bool:
    """Tells one connection, as well as can be; False if it is gone or does not take it."""
    try:
        services.management.post(connection_id, encode(message))
    except Gone:
        services.found_gone(services, connection_id)
        return False
    except UpstreamError as error:
        services.telemetry.warning("postFailed", type=type(message).__name__, cause=str(error))
        return False
    return True


def _measure(services: Services, result: FanOutResult, milliseconds: int) -> None:
    metric = services.telemetry.metric
    total = result.delivered + len(result.gone) + len(result.slow) + len(result.unsent)
    metric("FanOutRecipients", total)
    metric("FanOutLatency", milliseconds, "Milliseconds")
    if result.gone:
        metric("FanOutGone", len(result.gone))
    if result.unsent or result.slow:
        metric("FanOutUnsent", len(result.unsent) + len(result.slow))

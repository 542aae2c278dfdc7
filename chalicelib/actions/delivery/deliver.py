"""Deliver one message to many connections: at once, or in jobs.

Up to `INLINE_FANOUT_LIMIT` recipients are posted to at once; for more, jobs post to a few hundred
each (`background/deliveries.py`). What does not fit into the invocation's time becomes a job too. A
job may run twice, so a client may get a message twice; no recipient is left out.
"""

from collections.abc import Iterable, Sequence

from chalicelib.actions.delivery.audience import find
from chalicelib.actions.ports import RESERVE_SECONDS, FanOutResult, Remaining
from chalicelib.actions.services import Services
from chalicelib.domain.audience import Audience, listeners
from chalicelib.domain.session import Session
from chalicelib.domain.types import ConnectionId
from chalicelib.errors import Gone, UpstreamError
from chalicelib.protocol.codec import encode
from chalicelib.protocol.jobs import Deliver, DisconnectGone, FanOut
from chalicelib.protocol.messages import Message

CHUNK = 300
"""Recipients of one job: with a body of 128 KB it stays under the 256 KB of an SQS message."""
_MAX_DISCONNECTS = 10
"""Connections found gone that a handler cleans up after: its client waits for the reply."""


def to_one(services: Services, connection_id: ConnectionId, message: Message) -> bool:
    """Post to one connection. Best effort: return False if it is gone or does not take it."""
    try:
        services.management.post(connection_id, encode(message))
    except Gone:
        services.on_gone(services, connection_id)
        return False
    except UpstreamError as error:
        services.telemetry.warning("postFailed", type=type(message).__name__, exception=error)
        return False
    return True


def to_listeners(
    services: Services, session: Session, message: Message, remaining: Remaining
) -> None:
    """Post to every listener of a session, at once or in the background. It never raises."""
    audience, body = listeners(session.session_id), encode(message)
    try:
        to_all_found(services, audience, body, remaining)
    except UpstreamError as error:
        services.telemetry.error("deliveryFailed", exception=error, audience=audience.kind)
        try_enqueue(services, audience, body)


def to_audience(
    services: Services, audience: Audience, body: bytes, expected: int, remaining: Remaining
) -> None:
    """Post to an audience of about `expected`: at once, or if they are many, in the background.

    It never raises: what has been decided stands, even if not all can be told now.
    """
    if expected > services.settings.inline_fanout_limit:
        try_enqueue(services, audience, body)
    else:
        to_found(services, audience, find(services, audience), body, remaining)


def to_found(
    services: Services,
    audience: Audience,
    found: Iterable[ConnectionId],
    body: bytes,
    remaining: Remaining,
) -> None:
    """Post at once to an audience that has been found. It never raises, as `to_audience`."""
    try:
        _to_found(services, audience, found, body, remaining)
    except UpstreamError as error:
        services.telemetry.error("deliveryFailed", exception=error, audience=audience.kind)
        try_enqueue(services, audience, body)


def to_all_found(services: Services, audience: Audience, body: bytes, remaining: Remaining) -> int:
    """Find an audience and post to it. Return the number of recipients found.

    Raises UpstreamError: not all have been told.
    """
    found = list(find(services, audience))
    if len(found) > services.settings.inline_fanout_limit:
        enqueue(services, audience, body)
    else:
        _to_found(services, audience, found, body, remaining)
    return len(found)


def enqueue(
    services: Services, audience: Audience, body: bytes, request_id: str | None = None
) -> None:
    """Leave a delivery to the background. `request_id` is the request that shows its progress."""
    services.jobs.send(FanOut(audience=audience, body=body, request_id=request_id))


def try_enqueue(
    services: Services, audience: Audience, body: bytes, request_id: str | None = None
) -> None:
    """Enqueue a message that has been accepted. If the queue fails too, that is logged."""
    try:
        enqueue(services, audience, body, request_id)
    except UpstreamError as error:
        services.telemetry.error("deliveryLost", exception=error, audience=audience.kind)


def fan_out(
    services: Services, posts: Iterable[tuple[ConnectionId, bytes]], remaining: Remaining
) -> FanOutResult:
    """Post to many, and emit the metrics: each recipient counts under one of four outcomes."""
    started = services.clock()
    result = services.management.fan_out(posts, remaining)
    outcomes = (result.delivered, *map(len, (result.gone, result.slow, result.unsent)))
    metric = services.telemetry.metric
    metric("FanOutRecipients", sum(outcomes) + len(result.refused))
    metric("FanOutDelivered", result.delivered)
    metric("FanOutLatency", services.clock() - started, "Milliseconds")
    if result.gone:
        metric("FanOutGone", len(result.gone))
    if result.slow:
        metric("FanOutSlow", len(result.slow))
    if result.unsent:
        metric("FanOutUnsent", len(result.unsent))
    if result.refused:
        services.telemetry.error("postsRefused", count=len(result.refused))
    return result


def disconnect_gone(
    services: Services, gone: Sequence[ConnectionId], remaining: Remaining, most: int = CHUNK
) -> None:
    """Clean up after connections found gone: `most` of them here, the rest in a job.

    If the job is lost, the sweep finds them: nothing has been heard from them either.
    """
    for index, connection_id in enumerate(gone):
        if index >= most or remaining() < RESERVE_SECONDS:
            _disconnect_later(services, gone[index:])
            return
        services.on_gone(services, connection_id)


def _to_found(
    services: Services,
    audience: Audience,
    found: Iterable[ConnectionId],
    body: bytes,
    remaining: Remaining,
) -> None:
    """Post to the connections of an audience. Jobs post to those that the time is too short for."""
    result = fan_out(services, ((each, body) for each in found), remaining)
    if result.unsent:
        services.jobs.send_many(_jobs(audience, result.unsent, body))
    disconnect_gone(services, result.gone, remaining, most=_MAX_DISCONNECTS)


def _jobs(audience: Audience, found: Sequence[ConnectionId], body: bytes) -> Iterable[Deliver]:
    for start in range(0, len(found), CHUNK):
        chunk = list(found[start : start + CHUNK])
        yield Deliver(audience=audience, connection_ids=chunk, body=body, part=None)


def _disconnect_later(services: Services, gone: Sequence[ConnectionId]) -> None:
    try:
        services.jobs.send(DisconnectGone(connection_ids=list(gone)))
    except UpstreamError as error:
        services.telemetry.warning("cleanUpLeftToSweep", exception=error, count=len(gone))

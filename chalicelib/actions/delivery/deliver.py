"""The one way anything reaches many connections (DESIGN section 5).

Up to `INLINE_FANOUT_LIMIT` recipients are posted to right here; more are handed to jobs of a few
hundred each (`delivery_jobs`). What is left when the time is up becomes a job too. A job may run
twice, so a client may get a message twice; nobody is left out.
"""

from collections.abc import Iterable, Sequence

from chalicelib.actions.delivery.audience import find
from chalicelib.actions.ports import FanOutResult, Remaining
from chalicelib.actions.services import Services
from chalicelib.domain.audience import Audience, listeners
from chalicelib.domain.session import Session
from chalicelib.domain.types import ConnectionId
from chalicelib.errors import Gone, UpstreamError
from chalicelib.protocol.codec import encode
from chalicelib.protocol.jobs import Deliver, DisconnectGone, FanOut
from chalicelib.protocol.messages import Message

CHUNK = 300
"""Recipients of one job: with a body of 128 KB it stays under the 256 KB that SQS takes."""
_CLEANED_HERE = 10
"""Connections found gone that a handler cleans up after by itself: somebody waits for its reply."""
_CLEANING_SECONDS = 8.0
"""What an invocation must still have to clean up after one more."""


def to_listeners(
    services: Services, session: Session, message: Message, remaining: Remaining
) -> None:
    """Tells every listener of a session, in this call or in the background."""
    send(
        services, listeners(session.session_id), encode(message), session.listener_count, remaining
    )


def send(
    services: Services, audience: Audience, body: bytes, expected: int, remaining: Remaining
) -> None:
    """Tells an audience of about `expected`: here, or if they are many, in the background.

    It never raises: what has been decided stands, whether or not all can be told of it now.
    """
    try:
        if expected > services.settings.inline_fanout_limit:
            enqueue(services, audience, body)
        else:
            deliver(services, audience, find(services, audience), body, remaining)
    except UpstreamError as error:
        services.telemetry.error("deliveryFailed", exception=error, audience=audience.kind)
        try_enqueue(services, audience, body)


def to_all_found(services: Services, audience: Audience, body: bytes, remaining: Remaining) -> int:
    """Tells whoever an audience is found to be; answers how many that are.

    Raises UpstreamError: not everybody has been told.
    """
    found = list(find(services, audience))
    if len(found) > services.settings.inline_fanout_limit:
        enqueue(services, audience, body)
    else:
        deliver(services, audience, found, body, remaining)
    return len(found)


def deliver(
    services: Services,
    audience: Audience,
    found: Iterable[ConnectionId],
    body: bytes,
    remaining: Remaining,
) -> None:
    """Posts `body` to whom an audience was found to be.

    Who could not be tried gets a job, who is gone is disconnected.
    """
    result = post(services, ((each, body) for each in found), remaining)
    if result.unsent:
        services.jobs.send_many(jobs(audience, result.unsent, body))
    clean_up(services, result.gone, remaining, most=_CLEANED_HERE)


def post(
    services: Services, posts: Iterable[tuple[ConnectionId, bytes]], remaining: Remaining
) -> FanOutResult:
    """One fan-out, and its metrics: each recipient is counted under one of four outcomes."""
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


def enqueue(
    services: Services, audience: Audience, body: bytes, request_id: str | None = None
) -> None:
    """Leaves a delivery to the background: a first job finds who it is for.

    `request_id` is the request that shows how far it is.
    """
    services.jobs.send(FanOut(audience=audience, body=body, request_id=request_id))


def try_enqueue(
    services: Services, audience: Audience, body: bytes, request_id: str | None = None
) -> None:
    """The same for what is decided already: if there is no queue either, that is logged."""
    try:
        enqueue(services, audience, body, request_id)
    except UpstreamError as error:
        services.telemetry.error("deliveryLost", exception=error, audience=audience.kind)


def jobs(audience: Audience, found: Sequence[ConnectionId], body: bytes) -> Iterable[Deliver]:
    """The jobs that post `body` to these connections, as far as they are of the audience then."""
    for start in range(0, len(found), CHUNK):
        chunk = list(found[start : start + CHUNK])
        yield Deliver(audience=audience, connection_ids=chunk, body=body, part=None)


def clean_up(
    services: Services, gone: Sequence[ConnectionId], remaining: Remaining, most: int = CHUNK
) -> None:
    """Disconnects who was found gone, at most so many; a job does the rest.

    Should the job be lost, the sweep finds them: nothing has been heard from them either.
    """
    for index, connection_id in enumerate(gone):
        if index >= most or remaining() < _CLEANING_SECONDS:
            _clean_up_later(services, gone[index:])
            return
        services.found_gone(services, connection_id)


def to_one(services: Services, connection_id: ConnectionId, message: Message) -> bool:
    """Tells one connection, as well as can be; False if it is gone or does not take it."""
    try:
        services.management.post(connection_id, encode(message))
    except Gone:
        services.found_gone(services, connection_id)
        return False
    except UpstreamError as error:
        services.telemetry.warning("postFailed", type=type(message).__name__, exception=error)
        return False
    return True


def _clean_up_later(services: Services, gone: Sequence[ConnectionId]) -> None:
    try:
        services.jobs.send(DisconnectGone(connection_ids=list(gone)))
    except UpstreamError as error:
        services.telemetry.warning("cleanUpLeftToSweep", exception=error, count=len(gone))

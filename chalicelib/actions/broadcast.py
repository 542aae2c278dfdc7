"""broadcast: what the speaker says, kept before it is sent, numbered without a hole."""

import uuid

from msgspec import Raw

from chalicelib.actions import delivery
from chalicelib.actions.ports import Remaining
from chalicelib.actions.services import Call, Services
from chalicelib.actions.sessions import active_session
from chalicelib.domain.session import EVERYBODY, Session
from chalicelib.domain.types import ConnectionId, Millis, SessionId
from chalicelib.errors import Code, Conflict, Forbidden, PayloadTooLarge
from chalicelib.protocol import messages, requests
from chalicelib.protocol.codec import encode
from chalicelib.protocol.requests import MESSAGE_BYTES
from chalicelib.stores.history import Kept
from chalicelib.stores.requests import BackgroundRequest

DELIVERY_REQUEST = "deliverBroadcast"
"""The request under which a speaker sees how far a delivery in the background is."""


def broadcast(
    services: Services, call: Call, request: requests.Broadcast
) -> messages.BroadcastAccepted:
    stream = request.target_language if isinstance(request.target_language, str) else EVERYBODY
    return say(
        services,
        call.require_session(),
        stream,
        request.data,
        call.remaining,
        speaker=call.connection_id,
    )


def say(
    services: Services,
    session_id: SessionId,
    stream: str,
    data: Raw,
    remaining: Remaining,
    *,
    speaker: ConnectionId | None,
) -> messages.BroadcastAccepted:
    """Says `data` to a stream of a session; `speaker` is None for a service of the operator's.

    Raises:
        PayloadTooLarge: the message would pass 128 KB on its way to a listener.
        Conflict: the broadcast is paused. Forbidden: the session has another speaker.
        NotFound: the session ended or never was.
    """
    _refuse_too_large(services, session_id, stream, data)
    session = services.sessions.advance_stream(session_id, stream, speaker)
    if session is None:
        raise _refusal(services, session_id)
    message = messages.Broadcast(
        timestamp=services.clock(),
        session_id=session_id,
        stream=stream,
        seq=session.stream_positions[stream],
        data=data,
    )
    body = encode(message)
    _keep(services, message, body)
    return _send(services, session, message, body, remaining)


def _send(
    services: Services,
    session: Session,
    message: messages.Broadcast,
    body: bytes,
    remaining: Remaining,
) -> messages.BroadcastAccepted:
    """Posts to the stream's listeners, here or, if they are many, in the background."""
    language = None if message.stream == EVERYBODY else message.stream
    target = delivery.Target(session.session_id, language)
    expected = delivery.expected_recipients(session, language)
    reply = messages.BroadcastAccepted(
        timestamp=services.clock(),
        session_id=session.session_id,
        stream=message.stream,
        seq=message.seq,
        recipients=expected,
    )
    if expected > services.settings.inline_fanout_limit:
        reply.request_id = _in_background(services, session, target, body, expected)
    elif expected:
        delivery.deliver(services, delivery.recipients(services, target), body, remaining)
    return reply


def _in_background(
    services: Services, session: Session, target: delivery.Target, body: bytes, expected: int
) -> str:
    """Leaves the delivery to jobs, under a request whose progress the speaker sees."""
    now = services.clock()
    request = BackgroundRequest(
        request_id=uuid.uuid4().hex,
        connection_id=session.speaker_connection_id,
        session_id=session.session_id,
        tenant_id=session.tenant_id,
        request=DELIVERY_REQUEST,
        created_at=now,
        expires_at=session.expires_at,
        total=expected,
    )
    services.requests.put(request)
    delivery.enqueue(services, target, body, request.request_id)
    return request.request_id


def _keep(services: Services, message: messages.Broadcast, body: bytes) -> None:
    expires_at = Millis(message.timestamp + services.settings.history_seconds * 1000)
    kept = Kept(message.seq, body.decode(), expires_at)
    services.history.keep(SessionId(message.session_id), message.stream, kept)


def _refuse_too_large(services: Services, session_id: SessionId, stream: str, data: Raw) -> None:
    """Refused before a seq is given: measured with the longest seq that may come."""
    message = messages.Broadcast(
        timestamp=services.clock(),
        session_id=session_id,
        stream=stream,
        seq=10**9,
        data=data,
    )
    size = len(encode(message))
    if size > MESSAGE_BYTES:
        raise PayloadTooLarge(
            Code.PAYLOAD_TOO_LARGE,
            f"this broadcast would have {size} bytes, {MESSAGE_BYTES} are the most",
        )


def _refusal(services: Services, session_id: SessionId) -> Exception:
    session = active_session(services, session_id)
    if session.broadcasting.is_paused:
        return Conflict(Code.BROADCAST_PAUSED, "the broadcast is paused: resumeBroadcast first")
    return Forbidden(Code.FORBIDDEN, "another connection is this session's speaker now")

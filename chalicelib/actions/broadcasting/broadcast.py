"""broadcast: a message of the speaker's, numbered without a gap and kept before it is sent."""

from msgspec import UNSET, Raw

from chalicelib.actions.background import progress
from chalicelib.actions.delivery import deliver
from chalicelib.actions.ports import Remaining
from chalicelib.actions.registry import action
from chalicelib.actions.services import Call, Services
from chalicelib.actions.session import lookup
from chalicelib.domain.audience import listeners
from chalicelib.domain.session import EVERYBODY, Session
from chalicelib.domain.types import ConnectionId, Millis, SessionId
from chalicelib.errors import ClientError, Code, Conflict
from chalicelib.protocol import messages, requests
from chalicelib.protocol.codec import encode_for_many
from chalicelib.stores.history import HistoryEntry

_MAX_SEQ = 10**9
"""Stands for the seq while a message is measured: one that is too large must not take a seq."""


@action(requests.Broadcast)
def broadcast(
    services: Services, call: Call, request: requests.Broadcast
) -> messages.BroadcastAccepted:
    stream = request.target_language if isinstance(request.target_language, str) else EVERYBODY
    return publish_broadcast(
        services,
        call.require_session(),
        stream,
        request.data,
        call.remaining,
        speaker=call.connection_id,
    )


def publish_broadcast(
    services: Services,
    session_id: SessionId,
    stream: str,
    data: Raw,
    remaining: Remaining,
    *,
    speaker: ConnectionId | None,
) -> messages.BroadcastAccepted:
    """Send `data` to a stream of a session, and keep it for recovery.

    `speaker` is the sender's connection. It is None for an operator's service, which is not told
    the progress of a delivery in the background.

    Raises:
        PayloadTooLarge: the message would pass 128 KB on its way to a listener.
        Conflict: the broadcast is paused. Forbidden: the session has another speaker.
        NotFound: the session ended or never was. BadRequest: it has too many streams.
    """
    message = messages.Broadcast(
        timestamp=services.clock(),
        session_id=session_id,
        stream=stream,
        seq=_MAX_SEQ,
        data=data,
    )
    encode_for_many(message)
    session = services.sessions.advance_stream(session_id, stream, speaker, services.clock())
    if session is None:
        raise _refusal(services, session_id, speaker)
    message.seq = session.stream_positions[stream]
    body = encode_for_many(message)
    _keep(services, message, body)
    return _send(services, session, message, body, remaining, watched=speaker is not None)


def _send(
    services: Services,
    session: Session,
    message: messages.Broadcast,
    body: bytes,
    remaining: Remaining,
    *,
    watched: bool,
) -> messages.BroadcastAccepted:
    """Post to the stream's listeners: at once or, if they are many, in the background.

    It never fails: the message is in the history, and a listener that is not reached recovers it.
    `watched`: the speaker is told the progress of a delivery in the background.
    """
    language = None if message.stream == EVERYBODY else message.stream
    expected = session.listeners_of(language)
    reply = messages.BroadcastAccepted(
        timestamp=services.clock(),
        session_id=session.session_id,
        stream=message.stream,
        seq=message.seq,
        recipients=expected,
    )
    audience = listeners(session.session_id, language)
    if watched and expected > services.settings.inline_fanout_limit:
        request_id = progress.begin(services, session, expected)
        reply.request_id = request_id or UNSET
        deliver.try_enqueue(services, audience, body, request_id)
    elif expected:
        deliver.to_audience(services, audience, body, expected, remaining)
    return reply


def _keep(services: Services, message: messages.Broadcast, body: bytes) -> None:
    expires_at = Millis(message.timestamp + services.settings.history_seconds * 1000)
    entry = HistoryEntry(message.seq, body.decode(), expires_at)
    services.history.keep(SessionId(message.session_id), message.stream, entry)


def _refusal(
    services: Services, session_id: SessionId, speaker: ConnectionId | None
) -> ClientError:
    """Return the error for a message that was given no sequence number."""
    session = lookup.active_session(services, session_id)
    if speaker not in (None, session.speaker_connection_id):
        return lookup.not_the_speaker()
    if session.broadcasting.is_paused:
        return Conflict(Code.BROADCAST_PAUSED, "the broadcast is paused: resumeBroadcast first")
    return lookup.too_many_languages()

"""broadcast: a message of the speaker's, numbered without a gap and kept before it is sent."""

from collections.abc import Iterator
from functools import partial
from itertools import islice

from msgspec import UNSET, Raw, Struct

from chalicelib.actions.background import progress
from chalicelib.actions.delivery import deliver
from chalicelib.actions.ports import Remaining
from chalicelib.actions.registry import action
from chalicelib.actions.services import Activity, Call, Services
from chalicelib.actions.session import access, lookup
from chalicelib.domain.audience import listeners
from chalicelib.domain.session import EVERYBODY, Session
from chalicelib.domain.types import ConnectionId, Millis, SessionId
from chalicelib.errors import ClientError, Code, Conflict, UpstreamError
from chalicelib.protocol import messages, requests
from chalicelib.protocol.codec import encode_for_many
from chalicelib.stores.connection_items import Recipient
from chalicelib.stores.history import HistoryEntry

_TOGETHER_MILLIS = 20
"""Calls that went out together and took longer may have come apart, by a retry of one."""
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
        activity=call.activity,
    )


def publish_broadcast(
    services: Services,
    session_id: SessionId,
    stream: str,
    data: Raw,
    remaining: Remaining,
    *,
    speaker: ConnectionId | None,
    activity: Activity | None = None,
) -> messages.BroadcastAccepted:
    """Send `data` to a stream of a session, and keep it for recovery.

    `speaker` is the sender's connection. It is None for an operator's service, which is not told
    the progress of a delivery in the background.

    Raises:
        PayloadTooLarge: the message would pass 128 KB on its way to a listener.
        Conflict: the broadcast is paused. Forbidden: the session has another speaker.
        NotFound: the session ended or never was. BadRequest: it has too many streams, or
        does not have this language.
    """
    message = messages.Broadcast(
        timestamp=services.clock(),
        session_id=session_id,
        stream=stream,
        seq=_MAX_SEQ,
        data=data,
    )
    encode_for_many(message)
    numbered = _advance(services, session_id, stream, speaker, activity or Activity())
    if numbered.session is None:
        raise _refusal(services, session_id, stream, speaker)
    message.seq = numbered.session.stream_positions[stream]
    body = encode_for_many(message)
    _keep(services, message, body)
    if numbered.listeners is None:
        return _send_to_many(services, numbered.session, message, body, watched=speaker is not None)
    return _send(services, message, body, numbered.listeners, remaining)


class _Numbered(Struct, frozen=True):
    """The session with the stream's new seq, None if the message is refused; and its listeners.

    `listeners` is None if they are too many for this invocation, or could not be read.
    """

    session: Session | None
    listeners: list[Recipient] | None


def _advance(
    services: Services,
    session_id: SessionId,
    stream: str,
    speaker: ConnectionId | None,
    activity: Activity,
) -> _Numbered:
    """Give a message its seq; the query of the listeners and the speaker's activity go along."""
    started, most = services.clock(), services.settings.inline_fanout_limit
    number = services.sessions.advance_stream_call(session_id, stream, speaker, started)
    query = services.connections.listeners_call(session_id, _language(stream), most + 1)
    find = query.then(partial(_few, most)).rescued(_unknown)
    recorded = activity.take()
    if recorded is None:
        session, found = services.together(number, find)
    else:
        session, found, _ = services.together(number, find, recorded)
    if session is not None and services.clock() - started > _TOGETHER_MILLIS:
        # Who joined before the message had its seq must be found.
        (found,) = services.together(find)
    return _Numbered(session, found)


def _few(most: int, found: Iterator[Recipient]) -> list[Recipient] | None:
    """Return the recipients, None if they are more than `most`."""
    few = list(islice(found, most + 1))
    return few if len(few) <= most else None


def _unknown(_: UpstreamError) -> list[Recipient] | None:
    """Return None for recipients that cannot be read now: a job finds them."""
    return None


def _send(
    services: Services,
    message: messages.Broadcast,
    body: bytes,
    found: list[Recipient],
    remaining: Remaining,
) -> messages.BroadcastAccepted:
    """Post to the listeners found.

    It never fails: the message is in the history, and a listener that is not reached recovers it.
    """
    open_sockets = [each.connection_id for each in found if not each.handshake_pending]
    if open_sockets:
        audience = listeners(SessionId(message.session_id), _language(message.stream))
        deliver.to_found(services, audience, open_sockets, body, remaining)
    return _accepted(services, message, len(found))


def _send_to_many(
    services: Services,
    session: Session,
    message: messages.Broadcast,
    body: bytes,
    *,
    watched: bool,
) -> messages.BroadcastAccepted:
    """Leave the posts to jobs. `watched`: the speaker is told their progress."""
    expected = _count(services, session.session_id, _language(message.stream))
    reply = _accepted(services, message, expected)
    request_id = progress.begin(services, session, expected) if watched else None
    reply.request_id = request_id or UNSET
    audience = listeners(session.session_id, _language(message.stream))
    deliver.try_enqueue(services, audience, body, request_id)
    return reply


def _count(services: Services, session_id: SessionId, language: str | None) -> int:
    """Return the number of recipients; if it cannot be read, one that is too many to post to."""
    try:
        return services.counts.totals(session_id).listeners_of(language)
    except UpstreamError as error:
        services.telemetry.error("recipientsNotCounted", exception=error)
        return services.settings.inline_fanout_limit + 1


def _accepted(
    services: Services, message: messages.Broadcast, recipients: int
) -> messages.BroadcastAccepted:
    return messages.BroadcastAccepted(
        timestamp=services.clock(),
        session_id=message.session_id,
        stream=message.stream,
        seq=message.seq,
        recipients=recipients,
    )


def _language(stream: str) -> str | None:
    return None if stream == EVERYBODY else stream


def _keep(services: Services, message: messages.Broadcast, body: bytes) -> None:
    expires_at = Millis(message.timestamp + services.settings.history_seconds * 1000)
    entry = HistoryEntry(message.seq, body.decode(), expires_at)
    services.history.keep(SessionId(message.session_id), message.stream, entry)


def _refusal(
    services: Services, session_id: SessionId, stream: str, speaker: ConnectionId | None
) -> ClientError:
    """Return the error for a message that was given no sequence number."""
    session = lookup.active_session(services, session_id)
    if speaker not in (None, session.speaker_connection_id):
        return lookup.not_the_speaker()
    if session.broadcasting.is_paused:
        return Conflict(Code.BROADCAST_PAUSED, "the broadcast is paused: resumeBroadcast first")
    if stream != EVERYBODY:
        access.require_language(session, stream)
    return lookup.too_many_languages()

"""One example of every message that a client may send or receive."""

from typing import Any

from msgspec import Raw
from msgspec.structs import fields

from chalicelib.protocol import messages
from chalicelib.protocol.messages import BroadcastState, FieldProblem, Message
from chalicelib.protocol.requests import ACTIONS

_NOW = 1_699_500_000_000
_SESSION = "golden-eagle-427"
_REQUEST = "4f1c2b9a7d3e4c58a1b2c3d4e5f60718"
_STATE = BroadcastState(last_state_change=_NOW)
_SIGNED = "eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl"
_SEEN = {"*": 12, "es": 40}
_RESUME = "r1.ZXhhbXBsZQ"
_JOIN_KEY = "qmEgZm9yIGV4YW1wbGUhIQ"
_MISSED = Raw(
    b'{"type":"broadcast","timestamp":1699500000000,"sessionId":"golden-eagle-427",'
    b'"stream":"es","seq":40,"data":{"text":"hola"}}'
)

_USUAL: dict[str, Any] = {
    "timestamp": _NOW,
    "session_id": _SESSION,
    "target_language": "es",
    "topic": "questions",
    "request_id": _REQUEST,
}
"""Values for the fields of a message that has no example of its own."""

_REQUESTS: dict[str, dict[str, object]] = {
    "createSession": {
        "sourceLanguage": "en",
        "qualityTier": "standard",
        "private": True,
        "languages": ["es", "fr"],
    },
    "joinSession": {"sessionId": _SESSION, "targetLanguage": "es", "joinKey": _JOIN_KEY},
    "changeLanguage": {"targetLanguage": "pt-BR"},
    "heartbeat": {"wantSeq": True},
    "recover": {"lastSeq": _SEEN},
    "refreshConnection": {
        "sessionId": _SESSION,
        "role": "listener",
        "targetLanguage": "es",
        "resumeToken": _RESUME,
        "lastSeq": _SEEN,
    },
    "authenticate": {"token": _SIGNED},
    "setVolume": {"volume": 0.5},
    "broadcast": {"data": {"text": "hola"}, "targetLanguage": "es"},
    "subscribe": {"topic": "questions"},
    "unsubscribe": {"topic": "questions"},
    "publish": {"topic": "questions", "data": {"text": "Why?"}},
    "submitRequest": {"request": "sessionReport"},
    "cancelRequest": {"requestId": _REQUEST},
}

REQUESTS: dict[str, dict[str, object]] = {name: _REQUESTS.get(name, {}) for name in ACTIONS}
"""An example of each action, without `action` and `id`."""

_MESSAGES: list[Message] = [
    messages.Error(
        timestamp=_NOW,
        id="7",
        status=400,
        code="INVALID_MESSAGE",
        message="volume: Expected `float` <= 1.0",
        action="setVolume",
        details=[FieldProblem("volume", "Expected `float` <= 1.0")],
    ),
    messages.SessionCreated(
        timestamp=_NOW,
        session_id=_SESSION,
        source_language="en",
        quality_tier="standard",
        broadcast_state=_STATE,
        state_version=1,
        resume_token=_RESUME,
        heartbeat_interval=50,
        expires_at=_NOW + 7_200_000,
        join_key=_JOIN_KEY,
    ),
    messages.SessionJoined(
        timestamp=_NOW,
        session_id=_SESSION,
        source_language="en",
        target_language="es",
        broadcast_state=_STATE,
        state_version=1,
        last_seq=_SEEN,
        resume_token=_RESUME,
        heartbeat_interval=50,
    ),
    messages.ConnectionRefreshComplete(
        timestamp=_NOW,
        session_id=_SESSION,
        role="listener",
        source_language="en",
        target_language="es",
        broadcast_state=_STATE,
        state_version=1,
        last_seq=_SEEN,
        resume_token=_RESUME,
        missed=[_MISSED],
        gap=False,
    ),
    messages.Recovered(
        timestamp=_NOW, session_id=_SESSION, last_seq=_SEEN, missed=[_MISSED], gap=False
    ),
    messages.LanguageChanged(
        timestamp=_NOW,
        session_id=_SESSION,
        target_language="pt-BR",
        last_seq={"*": 12, "pt-BR": 7},
    ),
    messages.SessionEnded(
        timestamp=_NOW,
        session_id=_SESSION,
        reason="endedBySpeaker",
        message="The speaker has ended the session.",
    ),
    messages.HeartbeatAck(
        timestamp=_NOW, connection_age=300, heartbeat_interval=50, last_seq=_SEEN
    ),
    messages.BroadcastStateChanged(
        timestamp=_NOW, session_id=_SESSION, broadcast_state=_STATE, state_version=2
    ),
    messages.BroadcastAccepted(
        timestamp=_NOW, session_id=_SESSION, stream="es", seq=41, recipients=15
    ),
    messages.Published(timestamp=_NOW, topic="questions", recipients=3),
    messages.RequestAccepted(
        timestamp=_NOW, request_id=_REQUEST, request="sessionReport", status="pending"
    ),
    messages.RequestProgress(timestamp=_NOW, request_id=_REQUEST, percentage=50),
    messages.RequestCompleted(timestamp=_NOW, request_id=_REQUEST, result={"joins": 42}),
    messages.RequestFailed(
        timestamp=_NOW,
        request_id=_REQUEST,
        code="FORBIDDEN",
        message="only the speaker may see the report of a session",
    ),
    messages.Broadcast(
        timestamp=_NOW, session_id=_SESSION, stream="es", seq=41, data=Raw(b'{"text":"hola"}')
    ),
    messages.TopicMessage(
        timestamp=_NOW,
        session_id=_SESSION,
        topic="questions",
        data=Raw(b'{"text":"Why?"}'),
        publisher="listener",
    ),
    messages.TenantMessage(timestamp=_NOW, data=Raw(b'{"text":"Maintenance at noon."}')),
    messages.SessionStatus(
        timestamp=_NOW,
        session_id=_SESSION,
        listener_count=42,
        language_distribution={"es": 15, "fr": 12, "de": 8, "pt": 7},
        session_duration=1847,
        broadcast_state=_STATE,
        update_reason="periodic",
    ),
    messages.SpeakerReconnecting(timestamp=_NOW, session_id=_SESSION, deadline=_NOW + 15_000),
    messages.SpeakerReturned(timestamp=_NOW, session_id=_SESSION, deadline=_NOW + 15_000),
    messages.ConnectionRefreshRequired(
        timestamp=_NOW,
        session_id=_SESSION,
        role="listener",
        target_language="es",
        connection_age=6000,
        message="Open a second connection and send refreshConnection there.",
    ),
    messages.ConnectionWarning(
        timestamp=_NOW, remaining_minutes=15, message="This connection will be cut in 15 minutes."
    ),
    messages.ConnectionTimeout(
        timestamp=_NOW, idle_seconds=130, message="Nothing was heard for 130 seconds."
    ),
    messages.TokenExpiring(timestamp=_NOW, expires_at=_NOW + 120_000),
]


def every_kind() -> list[type[Message]]:
    """Return every message struct that has a type of its own."""
    found: list[type[Message]] = []
    pending = list(Message.__subclasses__())
    while pending:
        struct = pending.pop()
        pending += struct.__subclasses__()
        if not struct.__subclasses__():
            found.append(struct)
    return sorted(found, key=lambda each: str(each.__struct_config__.tag))


def _usual(kind: type[Message]) -> Message:
    """Build an example from the fields' names. Raises KeyError if the struct needs its own."""
    return kind(**{each.name: _USUAL[each.name] for each in fields(kind) if each.required})


MESSAGES: list[Message] = [
    *_MESSAGES,
    *(_usual(each) for each in every_kind() if each not in {type(own) for own in _MESSAGES}),
]
"""Return an example of each kind of message."""

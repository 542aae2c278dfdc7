"""The messages of the stack: replies and notifications (PROTOCOL sections 3 to 5)."""

from typing import Any, Literal

from msgspec import UNSET, Raw, Struct, UnsetType, field

UpdateReason = Literal["requested", "periodic", "listenerCountChange", "newLanguage"]
Publisher = Literal["speaker", "listener"]
EndReason = Literal["endedBySpeaker", "speakerDisconnected", "expired", "endedByOperator"]


class BroadcastState(Struct, rename="camel", kw_only=True, frozen=True):
    is_active: bool = True
    is_paused: bool = False
    is_muted: bool = False
    volume: float = 1.0
    last_state_change: int


def _type_name(class_name: str) -> str:
    return class_name[0].lower() + class_name[1:]


class Message(Struct, rename="camel", kw_only=True, tag_field="type", tag=_type_name):
    """The fields of every message to a client. A reply has the `id` of its request."""

    timestamp: int
    id: str | UnsetType = UNSET


class FieldProblem(Struct):
    field: str
    problem: str


class Error(Message, kw_only=True):
    status: int
    code: str
    message: str
    action: str | UnsetType = UNSET
    retry_after: int | UnsetType = UNSET
    details: list[FieldProblem] | UnsetType = UNSET
    correlation_id: str | UnsetType = UNSET


class SessionCreated(Message, kw_only=True):
    session_id: str
    source_language: str
    quality_tier: str
    broadcast_state: BroadcastState
    state_version: int
    resume_token: str
    heartbeat_interval: int
    expires_at: int
    join_key: str | UnsetType = UNSET


class Recovery(Message, kw_only=True):
    """The broadcasts that a client has missed, by its `lastSeq` (PROTOCOL 6.2)."""

    missed: list[Raw] | UnsetType = UNSET
    gap: bool | UnsetType = UNSET


class SessionJoined(Recovery, kw_only=True):
    session_id: str
    source_language: str
    target_language: str
    broadcast_state: BroadcastState
    state_version: int
    last_seq: dict[str, int]
    resume_token: str
    heartbeat_interval: int


class ConnectionRefreshComplete(Recovery, kw_only=True):
    session_id: str
    role: str
    source_language: str
    target_language: str | UnsetType = UNSET
    broadcast_state: BroadcastState
    state_version: int
    last_seq: dict[str, int]
    resume_token: str
    join_key: str | UnsetType = UNSET


class Recovered(Recovery, kw_only=True):
    session_id: str
    last_seq: dict[str, int]


class LanguageChanged(Message, kw_only=True):
    session_id: str
    target_language: str
    last_seq: dict[str, int]


class SessionLeft(Message, kw_only=True):
    session_id: str


class SessionEnded(Message, kw_only=True):
    session_id: str
    reason: EndReason
    message: str


class HeartbeatAck(Message, kw_only=True):
    connection_age: int
    heartbeat_interval: int
    last_seq: dict[str, int] | UnsetType = UNSET


class Authenticated(Message, kw_only=True):
    pass


class BroadcastStateChanged(Message, kw_only=True):
    session_id: str
    broadcast_state: BroadcastState
    state_version: int


class BroadcastAccepted(Message, kw_only=True):
    session_id: str
    stream: str
    seq: int
    recipients: int
    request_id: str | UnsetType = UNSET


class Subscribed(Message, kw_only=True):
    topic: str


class Unsubscribed(Message, kw_only=True):
    topic: str


class Published(Message, kw_only=True):
    topic: str
    recipients: int


class RequestAccepted(Message, kw_only=True):
    request_id: str
    request: str
    status: str


class RequestProgress(Message, kw_only=True):
    request_id: str
    percentage: int


class RequestCompleted(Message, kw_only=True):
    request_id: str
    result: Any


class RequestFailed(Message, kw_only=True):
    request_id: str
    code: str
    message: str


class RequestCancelled(Message, kw_only=True):
    request_id: str


class Broadcast(Message, kw_only=True):
    session_id: str
    stream: str
    seq: int
    data: Raw


class TopicMessage(Message, kw_only=True):
    session_id: str
    topic: str
    data: Raw
    publisher: Publisher = field(name="from")


class TenantMessage(Message, kw_only=True):
    """A message of the operator to every connection of a tenant, in a session or not."""

    data: Raw


class SessionStatus(Message, kw_only=True):
    session_id: str
    listener_count: int
    language_distribution: dict[str, int]
    session_duration: int
    broadcast_state: BroadcastState
    update_reason: UpdateReason


class SpeakerReconnecting(Message, kw_only=True):
    session_id: str
    deadline: int


class SpeakerReturned(Message, kw_only=True):
    session_id: str
    deadline: int


class ConnectionRefreshRequired(Message, kw_only=True):
    session_id: str
    role: str
    target_language: str | UnsetType = UNSET
    connection_age: int
    message: str


class ConnectionWarning(Message, kw_only=True):
    remaining_minutes: int
    message: str


class ConnectionTimeout(Message, kw_only=True):
    idle_seconds: int
    message: str


class TokenExpiring(Message, kw_only=True):
    expires_at: int

"""The messages of the stack: the JSON objects of PROTOCOL 3 to 5, with their field names.

Times are epoch milliseconds, durations are seconds.
"""

from typing import Any, Literal, NotRequired, TypedDict

Role = Literal["speaker", "listener"]
State = Literal["connecting", "open", "refreshing", "reconnecting", "closed"]
LastSeq = dict[str, int]
Message = dict[str, Any]


class BroadcastState(TypedDict):
    isActive: bool
    isPaused: bool
    isMuted: bool
    volume: float
    lastStateChange: int


class ServerMessage(TypedDict):
    type: str
    timestamp: int
    id: NotRequired[str]


class Broadcast(ServerMessage):
    sessionId: str
    stream: str
    seq: int
    data: Any


class BroadcastStateChanged(ServerMessage):
    sessionId: str
    broadcastState: BroadcastState
    stateVersion: int


# Not a class: `from` is a keyword.
TopicMessage = TypedDict(
    "TopicMessage",
    {
        "type": str,
        "timestamp": int,
        "id": NotRequired[str],
        "sessionId": str,
        "topic": str,
        "data": Any,
        "from": Role,
    },
)


class TenantMessage(ServerMessage):
    """A message from the operator to every connection of a tenant, in a session or not."""

    data: Any


class SessionStatus(ServerMessage):
    sessionId: str
    listenerCount: int
    languageDistribution: dict[str, int]
    sessionDuration: int
    broadcastState: BroadcastState
    updateReason: Literal["requested", "periodic", "listenerCountChange", "newLanguage"]


class SessionEnded(ServerMessage):
    sessionId: str
    reason: Literal["endedBySpeaker", "speakerDisconnected", "expired", "endedByOperator"]
    message: str


class SpeakerAway(ServerMessage):
    sessionId: str
    deadline: int


class TokenExpiring(ServerMessage):
    expiresAt: int


class RequestProgress(ServerMessage):
    requestId: str
    percentage: int
    message: NotRequired[str]


class BroadcastAccepted(TypedDict):
    type: str
    stream: str
    seq: int
    recipients: NotRequired[int]
    """Connections it was addressed to; absent if the reply itself was lost."""
    requestId: NotRequired[str]
    """Present if it is delivered in the background."""


class HeartbeatAck(ServerMessage):
    connectionAge: int
    heartbeatInterval: int
    lastSeq: NotRequired[LastSeq]


class TopicReply(ServerMessage):
    topic: str
    recipients: NotRequired[int]


class LanguageChanged(ServerMessage):
    sessionId: str
    targetLanguage: str
    lastSeq: LastSeq


class Gap(TypedDict):
    """The broadcasts `first` to `last` of a stream are lost: the stack no longer has them."""

    type: Literal["gap"]
    stream: str
    first: int
    last: int


class StateChange(TypedDict):
    state: State
    previous: State

"""The requests of clients: one struct for each action, listed in `ACTIONS` (PROTOCOL section 3)."""

from typing import Annotated, Any, ClassVar

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from chalicelib.domain.types import Role
from chalicelib.protocol.fields import (
    JoinKey,
    Language,
    Languages,
    LastSeq,
    MessageId,
    QualityTier,
    RoleName,
    SessionIdField,
    TokenText,
    Topic,
    Volume,
)

CONTROL_MESSAGE_BYTES = 4 * 1024
"""The maximum size of a message without a user's payload; larger ones get 413."""

MESSAGE_BYTES = 128 * 1024
"""The maximum size of a message that API Gateway carries, in either direction."""


class Request(Struct, rename="camel", kw_only=True, frozen=True):
    """The fields of every request. Unknown ones are ignored."""

    id: MessageId | UnsetType = UNSET

    roles: ClassVar[frozenset[Role]] = frozenset(Role)
    max_bytes: ClassVar[int] = CONTROL_MESSAGE_BYTES


class SpeakerRequest(Request, kw_only=True, frozen=True):
    roles: ClassVar[frozenset[Role]] = frozenset({Role.SPEAKER})


class ListenerRequest(Request, kw_only=True, frozen=True):
    roles: ClassVar[frozenset[Role]] = frozenset({Role.LISTENER})


class CreateSession(SpeakerRequest, kw_only=True, frozen=True):
    source_language: Language
    quality_tier: QualityTier = "standard"
    private: bool = False
    languages: Languages | UnsetType = UNSET


class JoinSession(ListenerRequest, kw_only=True, frozen=True):
    session_id: SessionIdField
    target_language: Language
    join_key: JoinKey | UnsetType = UNSET
    resume_token: TokenText | UnsetType = UNSET
    last_seq: LastSeq | UnsetType = UNSET


class ChangeLanguage(ListenerRequest, kw_only=True, frozen=True):
    target_language: Language


class LeaveSession(ListenerRequest, kw_only=True, frozen=True):
    pass


class EndSession(SpeakerRequest, kw_only=True, frozen=True):
    pass


class Heartbeat(Request, kw_only=True, frozen=True):
    want_seq: bool = False


class Recover(ListenerRequest, kw_only=True, frozen=True):
    last_seq: LastSeq


class RefreshConnection(Request, kw_only=True, frozen=True):
    session_id: SessionIdField
    role: RoleName
    target_language: Language | UnsetType = UNSET
    join_key: JoinKey | UnsetType = UNSET
    resume_token: TokenText | UnsetType = UNSET
    last_seq: LastSeq | UnsetType = UNSET


class Authenticate(Request, kw_only=True, frozen=True):
    token: TokenText


class GetSessionStatus(SpeakerRequest, kw_only=True, frozen=True):
    pass


class PauseBroadcast(SpeakerRequest, kw_only=True, frozen=True):
    pass


class ResumeBroadcast(SpeakerRequest, kw_only=True, frozen=True):
    pass


class MuteBroadcast(SpeakerRequest, kw_only=True, frozen=True):
    pass


class UnmuteBroadcast(SpeakerRequest, kw_only=True, frozen=True):
    pass


class SetVolume(SpeakerRequest, kw_only=True, frozen=True):
    volume: Volume


class Broadcast(SpeakerRequest, kw_only=True, frozen=True):
    """`data` stays as the client wrote it: it is passed on unread."""

    data: Raw
    target_language: Language | UnsetType = UNSET

    max_bytes: ClassVar[int] = MESSAGE_BYTES


class Subscribe(Request, kw_only=True, frozen=True):
    topic: Topic


class Unsubscribe(Request, kw_only=True, frozen=True):
    topic: Topic


class Publish(Request, kw_only=True, frozen=True):
    topic: Topic
    data: Raw

    max_bytes: ClassVar[int] = MESSAGE_BYTES


class SubmitRequest(Request, kw_only=True, frozen=True):
    request: Annotated[str, Meta(min_length=1, max_length=64)]
    params: dict[str, Any] = {}


class CancelRequest(Request, kw_only=True, frozen=True):
    request_id: Annotated[str, Meta(min_length=1, max_length=64)]


ACTIONS: dict[str, type[Request]] = {
    "createSession": CreateSession,
    "joinSession": JoinSession,
    "changeLanguage": ChangeLanguage,
    "leaveSession": LeaveSession,
    "endSession": EndSession,
    "heartbeat": Heartbeat,
    "recover": Recover,
    "refreshConnection": RefreshConnection,
    "authenticate": Authenticate,
    "getSessionStatus": GetSessionStatus,
    "pauseBroadcast": PauseBroadcast,
    "resumeBroadcast": ResumeBroadcast,
    "muteBroadcast": MuteBroadcast,
    "unmuteBroadcast": UnmuteBroadcast,
    "setVolume": SetVolume,
    "broadcast": Broadcast,
    "subscribe": Subscribe,
    "unsubscribe": Unsubscribe,
    "publish": Publish,
    "submitRequest": SubmitRequest,
    "cancelRequest": CancelRequest,
}

HANDSHAKE_ACTIONS = frozenset({"createSession", "joinSession", "refreshConnection"})
"""The actions that a handshake's URL may have (PROTOCOL 1.2)."""

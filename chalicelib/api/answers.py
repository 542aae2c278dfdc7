"""What the operator API answers, as structs. Times are epoch milliseconds, durations seconds."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from chalicelib.protocol.messages import BroadcastState, EndReason

Hash = Annotated[str, Meta(pattern=r"^[0-9a-f]{12}$", description="stands for a connection")]
Cursor = Annotated[str, Meta(description="leads to the next page")]
Count = Annotated[int, Meta(ge=0)]


class Answer(Struct, rename="camel", kw_only=True, frozen=True):
    """The root of all answers."""


class SessionView(Answer, kw_only=True, frozen=True):
    """One session, active or ended."""

    session_id: str
    tenant_id: str
    speaker_user_id: str
    speaker_connected: bool
    source_language: str
    quality_tier: str
    is_active: bool
    created_at: int
    expires_at: int
    ended_at: int | UnsetType = UNSET
    end_reason: EndReason | UnsetType = UNSET
    duration: Count
    listener_count: Count
    joins: Count
    languages: Annotated[dict[str, int], Meta(description="listeners by language")]
    streams: Annotated[dict[str, int], Meta(description="the last seq of each stream")]
    broadcast_state: BroadcastState
    state_version: int


class SessionPage(Answer, kw_only=True, frozen=True):
    """Some sessions. A page may be short, or empty, before the end: `cursor` says if it is."""

    sessions: list[SessionView]
    cursor: Cursor | UnsetType = UNSET


class ConnectionView(Answer, kw_only=True, frozen=True):
    """One connection. Its real id never leaves the stack."""

    connection: Hash
    role: Literal["speaker", "listener"]
    user_id: Annotated[str, Meta(description="absent for anonymous listeners")] | UnsetType = UNSET
    target_language: str | UnsetType = UNSET
    connected_at: int
    age: Count
    last_activity_at: int
    idle: Annotated[int, Meta(ge=0, description="seconds since something was heard")]


class ConnectionPage(Answer, kw_only=True, frozen=True):
    """Some connections of a session, its speaker's first."""

    connections: list[ConnectionView]
    cursor: Cursor | UnsetType = UNSET


class Broadcasted(Answer, kw_only=True, frozen=True):
    """What was said has its number in its stream, and is on its way."""

    session_id: str
    stream: str
    seq: Annotated[int, Meta(ge=1)]
    recipients: Annotated[int, Meta(ge=0, description="connections it is addressed to")]
    request_id: Annotated[str, Meta(description="what every log line of this request carries")]


class Told(Answer, kw_only=True, frozen=True):
    """A message to a tenant is on its way."""

    tenant_id: str
    recipients: Count
    request_id: str


class RemovedUser(Answer, kw_only=True, frozen=True):
    """The user's tokens are refused from now on, and their connections are closed."""

    tenant_id: str
    user_id: str
    connections: Annotated[int, Meta(ge=0, description="closed by now")]
    refused_until: Annotated[int, Meta(description="for tokens that were issued until now")]
    complete: Annotated[bool, Meta(description="false where a job goes on")]


class CheckView(Answer, kw_only=True, frozen=True):
    """One thing that the stack stands on."""

    name: str
    ok: bool
    latency: Annotated[int, Meta(ge=0, description="milliseconds")]
    problem: str | UnsetType = UNSET


class HealthView(Answer, kw_only=True, frozen=True):
    """Everything that the stack stands on; `ok` if all of it is."""

    ok: bool
    checks: list[CheckView]


class FieldError(Struct, frozen=True):
    """What is wrong with one field of a request."""

    field: str
    problem: str


class Problem(Answer, kw_only=True, frozen=True):
    """An error (RFC 9457). `correlationId` is what its lines in the log carry."""

    type: str
    title: str
    status: Annotated[int, Meta(ge=400, le=599)]
    detail: str
    code: str
    correlation_id: str
    errors: list[FieldError] | UnsetType = UNSET

"""The response bodies of the operator API, as structs.

Times are epoch milliseconds, durations seconds.
"""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from chalicelib.protocol.messages import BroadcastState, EndReason

Hash = Annotated[
    str,
    Meta(pattern=r"^[0-9a-f]{12}$", description="a hash that identifies a connection in the logs"),
]
Cursor = Annotated[str, Meta(description="pass it to get the next page")]
Count = Annotated[int, Meta(ge=0)]


class ApiResponse(Struct, rename="camel", kw_only=True, frozen=True):
    """The root of all response bodies."""


class SessionView(ApiResponse, kw_only=True, frozen=True):
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


class SessionPage(ApiResponse, kw_only=True, frozen=True):
    """A page of sessions.

    It may be short or empty before the end: the last page has no `cursor`.
    """

    sessions: list[SessionView]
    cursor: Cursor | UnsetType = UNSET


class ConnectionView(ApiResponse, kw_only=True, frozen=True):
    """One connection. Its real id never leaves the stack."""

    connection: Hash
    role: Literal["speaker", "listener"]
    user_id: Annotated[str, Meta(description="absent for anonymous listeners")] | UnsetType = UNSET
    target_language: str | UnsetType = UNSET
    connected_at: int
    age: Count
    last_activity_at: int
    idle: Annotated[int, Meta(ge=0, description="seconds since the last message")]


class ConnectionPage(ApiResponse, kw_only=True, frozen=True):
    """A page of a session's connections, the speaker's first."""

    connections: list[ConnectionView]
    cursor: Cursor | UnsetType = UNSET


class BroadcastResult(ApiResponse, kw_only=True, frozen=True):
    """The broadcast has its seq in its stream, and is being delivered."""

    session_id: str
    stream: str
    seq: Annotated[int, Meta(ge=1)]
    recipients: Annotated[int, Meta(ge=0, description="connections that it is addressed to")]
    request_id: Annotated[str, Meta(description="in every log line of this request")]


class TenantMessageResult(ApiResponse, kw_only=True, frozen=True):
    """The message is being delivered."""

    tenant_id: str
    recipients: Count
    request_id: str


class RemovedUser(ApiResponse, kw_only=True, frozen=True):
    """The user's tokens are refused from now on, and their connections are closed."""

    tenant_id: str
    user_id: str
    connections: Annotated[int, Meta(ge=0, description="closed so far")]
    refused_until: Annotated[
        int, Meta(description="tokens issued before this request are refused until then")
    ]
    complete: Annotated[bool, Meta(description="false while a background job continues")]


class CheckView(ApiResponse, kw_only=True, frozen=True):
    """One service that the stack depends on."""

    name: str
    ok: bool
    latency: Annotated[int, Meta(ge=0, description="milliseconds")]
    problem: str | UnsetType = UNSET


class HealthView(ApiResponse, kw_only=True, frozen=True):
    """Every service that the stack depends on. `ok` is true if each of them responds."""

    ok: bool
    checks: list[CheckView]


class FieldError(Struct, frozen=True):
    """The problem of one field of a request."""

    field: str
    problem: str


class Problem(ApiResponse, kw_only=True, frozen=True):
    """An error (RFC 9457). `correlationId` is in its lines of the log."""

    type: str
    title: str
    status: Annotated[int, Meta(ge=400, le=599)]
    detail: str
    code: str
    correlation_id: str
    errors: list[FieldError] | UnsetType = UNSET

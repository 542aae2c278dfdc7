"""A connection as an item of its table."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from chalicelib.domain.session import NEVER, Connection
from chalicelib.domain.types import ConnectionId, Millis, Role, SessionId, TenantId, UserId
from chalicelib.stores.attributes import Item

SWEEP_ATTRIBUTES = (
    "connectionId",
    "role",
    "userId",
    "tenantId",
    "sessionId",
    "targetLanguage",
    "shard",
    "connectedAt",
    "lastActivityTime",
    "refreshAt",
    "warnAt",
    "tokenExpiresAt",
    "tokenNoticeAt",
    "supersededBy",
)
"""The attributes that the sweep reads."""

LOCATION_ATTRIBUTES = ("connectionId", "tenantId", "sessionId", "targetLanguage")
"""The attributes of a `Location`."""

HANDSHAKE_PENDING = "joining"
"""The `role` of a listener whose handshake is pending: it is counted, but a post would get 410."""


class Recipient(Struct, frozen=True):
    """A listener as the index has it."""

    connection_id: ConnectionId
    language: str
    handshake_pending: bool
    """Its socket is not open yet: a post to it would get 410."""


class Listening(Struct, frozen=True):
    """The attributes that only a listener's connection has."""

    language: str
    shard: int
    """The shard of the session's counts that counts it."""
    participant_id: str
    joined_positions: Mapping[str, int]
    handshake_pending: bool = False


class Location(Struct, frozen=True):
    """The tenant, session and language that a connection belongs to at the moment."""

    connection_id: ConnectionId
    tenant_id: TenantId | None
    session_id: SessionId | None
    language: str | None


def connection_to_item(connection: Connection) -> Item:
    """Return the item of a new connection, which is in no session yet."""
    return {
        "connectionId": connection.connection_id,
        "role": connection.role.value,
        "tenantId": connection.tenant_id,
        "userId": connection.user_id,
        "connectedAt": connection.connected_at,
        "lastActivityTime": connection.connected_at,
        "refreshAt": connection.refresh_at,
        "warnAt": connection.warn_at,
        "tokenExpiresAt": connection.token_expires_at,
        "tokenNoticeAt": connection.token_notice_at,
        "joinTries": connection.join_tries or None,
        "joinTriesSince": connection.join_tries_since,
        "refusal": connection.refusal,
        "messagesReceived": 0,
        "expiresAt": connection.expires_at // 1000,
    }


def connection_from_item(item: Item) -> Connection:
    """Return the connection of an item, which may be only the attributes that the sweep reads."""
    role = item["role"]
    return Connection(
        connection_id=ConnectionId(item["connectionId"]),
        role=Role.LISTENER if role == HANDSHAKE_PENDING else Role(role),
        handshake_pending=role == HANDSHAKE_PENDING,
        tenant_id=_optional(TenantId, item.get("tenantId")),
        user_id=_optional(UserId, item.get("userId")),
        connected_at=Millis(item["connectedAt"]),
        refresh_at=Millis(item["refreshAt"]),
        warn_at=Millis(item["warnAt"]),
        expires_at=Millis(item.get("expiresAt", 0) * 1000),
        session_id=_optional(SessionId, item.get("sessionId")),
        ended_session_id=_optional(SessionId, item.get("endedSessionId")),
        target_language=item.get("targetLanguage"),
        shard=item.get("shard"),
        participant_id=item.get("participantId"),
        last_activity_time=item.get("lastActivityTime"),
        token_expires_at=item.get("tokenExpiresAt"),
        token_notice_at=Millis(item.get("tokenNoticeAt", NEVER)),
        superseded_by=_optional(ConnectionId, item.get("supersededBy")),
        refusal=item.get("refusal"),
        closing_at=item.get("closingAt"),
        joined_positions=item.get("joinedPositions", {}),
        join_tries=item.get("joinTries", 0),
        join_tries_since=item.get("joinTriesSince"),
        messages_received=item.get("messagesReceived", 0),
        messages_sent=item.get("messagesSent", 0),
    )


def location_from_item(item: Item) -> Location:
    return Location(
        connection_id=ConnectionId(item["connectionId"]),
        tenant_id=_optional(TenantId, item.get("tenantId")),
        session_id=_optional(SessionId, item.get("sessionId")),
        language=item.get("targetLanguage"),
    )


def _optional(kind: Any, value: str | None) -> Any:
    return None if value is None else kind(value)

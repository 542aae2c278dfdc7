"""A connection as an item of its table."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from chalicelib.domain.session import NEVER, Connection
from chalicelib.domain.types import ConnectionId, Millis, Role, SessionId, TenantId, UserId
from chalicelib.stores.attributes import Item

SWEPT = (
    "connectionId",
    "role",
    "userId",
    "tenantId",
    "sessionId",
    "targetLanguage",
    "connectedAt",
    "lastActivityTime",
    "refreshAt",
    "warnAt",
    "tokenExpiresAt",
    "tokenNoticeAt",
    "supersededBy",
)
"""What the sweep looks at."""

PLACE = ("connectionId", "tenantId", "sessionId", "targetLanguage")
"""What says whom a connection belongs to."""

JOINING = "joining"
"""The `role` of a listener whose socket is not open yet: counted, but not to be posted to."""


class Recipient(Struct, frozen=True):
    """What the index tells of a listener."""

    connection_id: ConnectionId
    language: str
    ready: bool
    """False while its handshake is not over: it exists, but posts to it would get 410."""


class Listening(Struct, frozen=True):
    """What a listener's connection has besides a speaker's."""

    language: str
    participant_id: str
    joined_positions: Mapping[str, int]
    socket_opening: bool = False


class Place(Struct, frozen=True):
    """Whom a connection belongs to just now."""

    connection_id: ConnectionId
    tenant_id: TenantId | None
    session_id: SessionId | None
    language: str | None


def connection_to_item(connection: Connection) -> Item:
    """A new connection, in no session yet."""
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
        "messagesReceived": 0,
        "expiresAt": connection.expires_at // 1000,
    }


def connection_from_item(item: Item) -> Connection:
    """A connection as the table has it, whole or projected by the sweep."""
    role = item["role"]
    return Connection(
        connection_id=ConnectionId(item["connectionId"]),
        role=Role.LISTENER if role == JOINING else Role(role),
        is_joining=role == JOINING,
        tenant_id=_optional(TenantId, item.get("tenantId")),
        user_id=_optional(UserId, item.get("userId")),
        connected_at=Millis(item["connectedAt"]),
        refresh_at=Millis(item["refreshAt"]),
        warn_at=Millis(item["warnAt"]),
        expires_at=Millis(item.get("expiresAt", 0) * 1000),
        session_id=_optional(SessionId, item.get("sessionId")),
        ended_session_id=_optional(SessionId, item.get("endedSessionId")),
        target_language=item.get("targetLanguage"),
        participant_id=item.get("participantId"),
        last_activity_time=item.get("lastActivityTime"),
        token_expires_at=item.get("tokenExpiresAt"),
        token_notice_at=Millis(item.get("tokenNoticeAt", NEVER)),
        superseded_by=_optional(ConnectionId, item.get("supersededBy")),
        joined_positions=item.get("joinedPositions", {}),
        messages_received=item.get("messagesReceived", 0),
        messages_sent=item.get("messagesSent", 0),
    )


def place_from_item(item: Item) -> Place:
    return Place(
        connection_id=ConnectionId(item["connectionId"]),
        tenant_id=_optional(TenantId, item.get("tenantId")),
        session_id=_optional(SessionId, item.get("sessionId")),
        language=item.get("targetLanguage"),
    )


def _optional(kind: Any, value: str | None) -> Any:
    return None if value is None else kind(value)

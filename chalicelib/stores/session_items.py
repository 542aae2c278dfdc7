"""A session as an item of its table, or as an image in the table's stream."""

import zlib

from chalicelib.domain.session import Broadcasting, Session, StatusSent
from chalicelib.domain.types import ConnectionId, Millis, SessionId, TenantId, UserId
from chalicelib.stores.attributes import Item

SHARDS = 16
"""Partitions of `active-index`, so that no single one takes every session of an account."""


def session_to_item(session: Session) -> Item:
    """Return the item of a new session. Later attributes (statusSent, endedAt, …) are left out."""
    state = session.broadcasting
    return {
        "sessionId": session.session_id,
        "tenantId": session.tenant_id,
        "speakerUserId": session.speaker_user_id,
        "speakerConnectionId": session.speaker_connection_id,
        "speakerOpeningAt": session.speaker_handshake_at,
        "sourceLanguage": session.source_language,
        "qualityTier": session.quality_tier,
        "createdAt": session.created_at,
        "isActive": session.is_active,
        "shards": session.shards,
        "broadcastState": {
            "isActive": session.is_active,
            "isPaused": state.is_paused,
            "isMuted": state.is_muted,
            "volume": state.volume,
            "lastStateChange": state.last_state_change,
        },
        "stateVersion": session.state_version,
        "joinKeyHash": session.join_key_hash,
        "languages": session.languages or None,
        "streamPositions": dict(session.stream_positions),
        "activeShard": zlib.crc32(session.session_id.encode()) % SHARDS,
        "expiresAt": session.expires_at // 1000,
    }


def session_from_item(item: Item) -> Session:
    """Return the session of an item, from the table or from an image of its stream."""
    state = item["broadcastState"]
    sent = item.get("statusSent")
    return Session(
        session_id=SessionId(item["sessionId"]),
        tenant_id=TenantId(item["tenantId"]),
        speaker_user_id=UserId(item["speakerUserId"]),
        speaker_connection_id=ConnectionId(item["speakerConnectionId"]),
        source_language=item["sourceLanguage"],
        quality_tier=item["qualityTier"],
        created_at=Millis(item["createdAt"]),
        expires_at=Millis(item["expiresAt"] * 1000),
        is_active=item["isActive"],
        broadcasting=Broadcasting(
            last_state_change=Millis(state["lastStateChange"]),
            is_paused=state["isPaused"],
            is_muted=state["isMuted"],
            volume=float(state["volume"]),
        ),
        state_version=item["stateVersion"],
        join_key_hash=item.get("joinKeyHash"),
        languages=tuple(item.get("languages", ())),
        shards=item.get("shards", 1),
        stream_positions=item["streamPositions"],
        status_sent=sent
        and StatusSent(sent["count"], frozenset(sent["languages"]), Millis(sent["at"])),
        speaker_handshake_at=item.get("speakerOpeningAt"),
        grace_deadline=item.get("graceDeadline"),
        last_broadcast_at=item.get("lastBroadcastAt"),
        ended_at=item.get("endedAt"),
        end_reason=item.get("endReason"),
    )

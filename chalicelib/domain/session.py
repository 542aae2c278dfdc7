"""The session and the connection, as records."""

from collections.abc import Mapping

from msgspec import Struct, field

from chalicelib.domain.types import ConnectionId, Millis, Role, SessionId, TenantId, UserId

EVERYBODY = "*"
"""The stream of broadcasts to every listener. Each language has a stream of its own name."""

NEVER = Millis(2**53)
"""A time later than all others."""
LONG_AGO = Millis(0)
"""A time earlier than all others."""


MAX_LANGUAGES = 500
"""The maximum streams of a session, and languages of a shard of its counts: clients must not be
able to reach the maximum size of an item."""


HANDSHAKE_MILLIS = 30_000
"""The longest time that a handshake and its reply can take (PROTOCOL 1.2)."""


class Broadcasting(Struct, frozen=True):
    """The speaker's switches."""

    last_state_change: Millis
    is_paused: bool = False
    is_muted: bool = False
    volume: float = 1.0


class StatusSent(Struct, frozen=True):
    """The last status that was sent to the speaker."""

    count: int
    languages: frozenset[str]
    at: Millis


class Session(Struct, frozen=True, kw_only=True):
    session_id: SessionId
    tenant_id: TenantId
    speaker_user_id: UserId
    speaker_connection_id: ConnectionId
    source_language: str
    quality_tier: str
    created_at: Millis
    expires_at: Millis
    is_active: bool
    broadcasting: Broadcasting
    state_version: int = 1
    join_key_hash: str | None = None
    """The hash of a private session's join key (`JoinKeys`), None if it is public."""
    languages: tuple[str, ...] = ()
    """The languages that may be listened to; none if any may."""
    shards: int = 1
    """The shards of its counts (`counts.Shard`)."""
    stream_positions: Mapping[str, int] = field(default_factory=dict)
    status_sent: StatusSent | None = None
    speaker_handshake_at: Millis | None = None
    """When the speaker's handshake was, until its reply is posted; then None (PROTOCOL 1.2)."""
    grace_deadline: Millis | None = None
    last_broadcast_at: Millis | None = None
    """When a stream was given its latest seq."""
    ended_at: Millis | None = None
    end_reason: str | None = None

    def speaker_handshake_pending(self, now: Millis) -> bool:
        """Return True while nothing may be posted to the speaker yet.

        If the reply is lost, this ends after `HANDSHAKE_MILLIS`.
        """
        at = self.speaker_handshake_at
        return at is not None and now - at < HANDSHAKE_MILLIS

    def positions(self, language: str | None) -> dict[str, int]:
        """Return the last seq of each stream that a connection follows: `{"*": 12, "es": 40}`.

        A listener follows two streams. A speaker, who has no language, follows all: after a lost
        connection they show which of its broadcasts arrived.
        """
        if language is None:
            return {EVERYBODY: 0} | dict(self.stream_positions)
        streams = [EVERYBODY, language]
        return {stream: self.stream_positions.get(stream, 0) for stream in streams}


class Connection(Struct, frozen=True, kw_only=True):
    """An open socket. `session_id` is None while it is in no session."""

    connection_id: ConnectionId
    role: Role
    tenant_id: TenantId | None
    """The tenant of its token. An anonymous listener has the tenant of its session."""
    user_id: UserId | None
    """None for an anonymous listener."""
    connected_at: Millis
    refresh_at: Millis
    """When `connectionRefreshRequired` is due, if it is in a session."""
    warn_at: Millis
    """When `connectionWarning` is due."""
    expires_at: Millis
    handshake_pending: bool = False
    """Its socket is not open yet: a post to it would get 410."""
    session_id: SessionId | None = None
    ended_session_id: SessionId | None = None
    """The session that it was in until that ended."""
    target_language: str | None = None
    shard: int | None = None
    """The shard that counts this listener."""
    participant_id: str | None = None
    last_activity_time: Millis | None = None
    token_expires_at: Millis | None = None
    token_notice_at: Millis = NEVER
    """When `tokenExpiring` is due."""
    superseded_by: ConnectionId | None = None
    refusal: str | None = None
    """The error of its handshake, encoded, if that was refused in band (PROTOCOL 1.3)."""
    closing_at: Millis | None = None
    """When the stack last began to close it."""
    joined_positions: Mapping[str, int] = field(default_factory=dict)
    join_tries: int = 0
    """The tries to enter a session since `join_tries_since`, less those that did."""
    join_tries_since: Millis | None = None
    messages_received: int = 0
    messages_sent: int = 0
    """Broadcasts that it was sent in streams that it does not follow any more."""

    @property
    def heard_at(self) -> Millis:
        """The time of the last recorded activity, the handshake included."""
        return self.last_activity_time or self.connected_at

    def is_overtaken_by(self, holder: "Connection", *, in_a_race: bool) -> bool:
        """Return True if `holder` keeps the seat, because it was opened later than this connection.

        A client opens its connections one after the other. A request on an earlier one may still be
        in progress when the later one asks; it must not win. Of two that were opened in the same
        millisecond, the one that asks first wins.
        """
        if holder.connected_at == self.connected_at:
            return in_a_race
        return holder.connected_at > self.connected_at

    def sent_by(self, session: Session | None) -> int:
        """Return the broadcasts that it was sent in total.

        `session` is the session that it is in.
        """
        positions = session.positions(self.target_language) if session else {}
        followed = (
            position - self.joined_positions.get(stream, position)
            for stream, position in positions.items()
        )
        return self.messages_sent + sum(followed)

"""A session and a connection as the decisions see them."""

from collections.abc import Mapping

from msgspec import Struct, field

from chalicelib.domain.types import ConnectionId, Millis, Role, SessionId, TenantId, UserId

EVERYBODY = "*"
"""The stream of what is said to every listener; each language has one of its own name."""

NEVER = Millis(2**53)
"""A time that does not come, for what is compared with times."""
LONG_AGO = Millis(0)
"""A time before all others."""


MOST_LANGUAGES = 500
"""Languages, and streams, that a session can have at a time. An item has an end, and what can be
sent to a session must not be able to reach it."""


HANDSHAKE_MILLIS = 30_000
"""The longest time that a handshake and its reply can take (PROTOCOL 1.2)."""


class Broadcasting(Struct, frozen=True):
    """The speaker's switches."""

    last_state_change: Millis
    is_paused: bool = False
    is_muted: bool = False
    volume: float = 1.0


class StatusSent(Struct, frozen=True):
    """What the last status told the speaker."""

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
    listener_count: int = 0
    joins: int = 0
    """How many listeners ever joined; a move to another connection is none."""
    language_counts: Mapping[str, int] = field(default_factory=dict)
    stream_positions: Mapping[str, int] = field(default_factory=dict)
    status_sent: StatusSent | None = None
    speaker_handshake_at: Millis | None = None
    """When the speaker's handshake was, until its reply is posted; then None (PROTOCOL 1.2)."""
    grace_deadline: Millis | None = None
    ended_at: Millis | None = None
    end_reason: str | None = None

    def speaker_handshake_pending(self, now: Millis) -> bool:
        """Return True while nothing may be posted to the speaker yet.

        If the reply is lost, this ends after `HANDSHAKE_MILLIS`.
        """
        at = self.speaker_handshake_at
        return at is not None and now - at < HANDSHAKE_MILLIS

    def positions(self, language: str | None) -> dict[str, int]:
        """Where the streams stand that concern a connection: `{"*": 12, "es": 40}`.

        A listener follows two. A speaker, who has no language, speaks on all of them: after a lost
        socket their positions tell it which of its broadcasts arrived.
        """
        if language is None:
            return {EVERYBODY: 0} | dict(self.stream_positions)
        streams = [EVERYBODY, language]
        return {stream: self.stream_positions.get(stream, 0) for stream in streams}

    def has_room_for(self, language: str) -> bool:
        """Whether it counts listeners of this language, or can begin to."""
        return language in self.language_counts or len(self.language_counts) < MOST_LANGUAGES

    def listeners_of(self, language: str | None) -> int:
        """How many listen, to one language or (None) at all."""
        if language is None:
            return self.listener_count
        return self.language_counts.get(language, 0)


class Connection(Struct, frozen=True, kw_only=True):
    """An open socket. `session_id` is None while it is in no session."""

    connection_id: ConnectionId
    role: Role
    tenant_id: TenantId | None
    """That of its token; an anonymous listener has that of the session it is in."""
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
    participant_id: str | None = None
    last_activity_time: Millis | None = None
    token_expires_at: Millis | None = None
    token_notice_at: Millis = NEVER
    """When `tokenExpiring` is due."""
    superseded_by: ConnectionId | None = None
    joined_positions: Mapping[str, int] = field(default_factory=dict)
    messages_received: int = 0
    messages_sent: int = 0
    """Broadcasts that it was sent in streams which it follows no longer."""

    @property
    def heard_at(self) -> Millis:
        """When something was noted to be heard of it, its handshake included."""
        return self.last_activity_time or self.connected_at

    def is_overtaken_by(self, holder: "Connection", *, in_a_race: bool) -> bool:
        """Whether the place that it asks for is `holder`'s for good, as that was opened later.

        A client opens its sockets one after the other. When it asks on the next one, what it asked
        on this one may still be under way: that comes too late, and must not win. Of two that were
        opened in the same millisecond and ask in the same instant, the faster one wins.
        """
        if holder.connected_at == self.connected_at:
            return in_a_race
        return holder.connected_at > self.connected_at

    def sent_by(self, session: Session | None) -> int:
        """Broadcasts that it was sent in all, `session` being the one it is in."""
        positions = session.positions(self.target_language) if session else {}
        followed = (
            position - self.joined_positions.get(stream, position)
            for stream, position in positions.items()
        )
        return self.messages_sent + sum(followed)

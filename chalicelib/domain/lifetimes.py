"""Deadlines of connections: notices, timeouts and expiry (PROTOCOL sections 4 and 6)."""

import zlib
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain.session import NEVER, Connection
from chalicelib.domain.types import ConnectionId, Millis, Role
from chalicelib.settings import Settings

MINUTE = 60_000
GATEWAY_LIFETIME_MINUTES = 120
"""API Gateway closes every connection at this age."""
REFRESH_SPREAD_SECONDS = 240
"""Listeners are asked to refresh over this time, so that they do not all reconnect at once."""
TOKEN_NOTICE_SECONDS = 120
RESUME_TOKEN_MINUTES = GATEWAY_LIFETIME_MINUTES + 10
"""A resume token outlives its connection by the time that a client may need to return."""


class Notices(Struct, frozen=True):
    """The notices that are due now."""

    refresh: bool = False
    warning: bool = False
    token_expiring: bool = False

    def __bool__(self) -> bool:
        return self.refresh or self.warning or self.token_expiring


def first_refresh_at(
    connection_id: ConnectionId, role: Role, connected_at: Millis, settings: Settings
) -> Millis:
    """Return when a client is first asked to refresh.

    Speakers are asked at the configured age, listeners spread evenly over the next four minutes.
    """
    due = connected_at + settings.connection_refresh_minutes * MINUTE
    if role is Role.LISTENER:
        due += zlib.crc32(connection_id.encode()) % (REFRESH_SPREAD_SECONDS * 1000)
    return Millis(due)


def warn_at(connected_at: Millis, settings: Settings) -> Millis:
    return Millis(connected_at + settings.connection_warning_minutes * MINUTE)


def connection_expiry(connected_at: Millis) -> Millis:
    """Return when the item may be deleted, even if every clean-up has failed."""
    return Millis(connected_at + 2 * GATEWAY_LIFETIME_MINUTES * MINUTE)


def new_connection(
    connection_id: ConnectionId, role: Role, connected_at: Millis, settings: Settings
) -> Connection:
    """Return the connection of an anonymous client, in no session."""
    return Connection(
        connection_id=connection_id,
        role=role,
        tenant_id=None,
        user_id=None,
        connected_at=connected_at,
        refresh_at=first_refresh_at(connection_id, role, connected_at, settings),
        warn_at=warn_at(connected_at, settings),
        expires_at=connection_expiry(connected_at),
    )


def session_expiry(now: Millis, settings: Settings) -> Millis:
    """Return the time at which a session ends at the latest.

    It is a whole second, as the session's item has it, rounded up.
    """
    seconds = -(-now // 1000) + settings.session_max_duration_hours * 3600
    return Millis(seconds * 1000)


def token_notice_at(token_expires_at: Millis) -> Millis:
    return Millis(token_expires_at - TOKEN_NOTICE_SECONDS * 1000)


def notices_due(connection: Connection, now: Millis) -> Notices:
    """Return the notices that are due now. Each is sent once."""
    if connection.superseded_by is not None:
        return Notices()
    return Notices(
        refresh=connection.session_id is not None and now >= connection.refresh_at,
        warning=now >= connection.warn_at,
        token_expiring=now >= connection.token_notice_at,
    )


def next_notice_at(connection: Connection, after: Millis) -> Millis:
    """Return when the next notice after `after` is due, NEVER if there is none."""
    times = [connection.warn_at, connection.token_notice_at]
    if connection.session_id is not None:
        times.append(connection.refresh_at)
    if connection.superseded_by is not None:
        return NEVER
    return min((time for time in times if time > after), default=NEVER)


def postponed(connection: Connection, due: Notices, now: Millis) -> Connection:
    """Return the connection with the due notices postponed by a minute, until they are sent."""
    return _moved(connection, due, Millis(now + MINUTE))


def told(connection: Connection, due: Notices) -> Connection:
    """Return the connection with the notices that were sent never due again."""
    return _moved(connection, due, NEVER)


def _moved(connection: Connection, due: Notices, to: Millis) -> Connection:
    return replace(
        connection,
        refresh_at=to if due.refresh else connection.refresh_at,
        warn_at=to if due.warning else connection.warn_at,
        token_notice_at=to if due.token_expiring else connection.token_notice_at,
    )


def remaining_minutes(connection: Connection, now: Millis) -> int:
    """Return the whole minutes until API Gateway closes the connection."""
    return max(0, GATEWAY_LIFETIME_MINUTES - (now - connection.connected_at) // MINUTE)


def activity_millis(settings: Settings) -> int:
    """Return the age in milliseconds at which activity is recorded again.

    A client may be closed that much too early. Heartbeats are rarer, and each is recorded.
    """
    return min(5_000, settings.connection_idle_timeout_seconds * 1000 // 24)


def idle_seconds(connection: Connection, now: Millis) -> int:
    """Return the seconds since the last recorded activity, or else since the handshake.

    Not every message is recorded (see `activity_millis`), so the real silence may be shorter.
    """
    return (now - connection.heard_at) // 1000


def token_expired(connection: Connection, now: Millis) -> bool:
    return connection.token_expires_at is not None and now >= connection.token_expires_at


def close_at(connection: Connection, settings: Settings) -> Millis:
    """Return when a connection must be closed, without activity or a newer token until then."""
    token_expires_at = connection.token_expires_at
    return min(
        _idle_at(connection, settings), NEVER if token_expires_at is None else token_expires_at
    )


def close_reason(
    connection: Connection, now: Millis, settings: Settings
) -> Literal["idle", "tokenExpired"] | None:
    """Return the reason for which a connection must be closed now, if any (PROTOCOL 4 and 6.4)."""
    if now < close_at(connection, settings):
        return None
    return "idle" if now >= _idle_at(connection, settings) else "tokenExpired"


def _idle_at(connection: Connection, settings: Settings) -> Millis:
    return Millis(connection.heard_at + settings.connection_idle_timeout_seconds * 1000)


def closed_on_purpose(connection: Connection, close_code: int | None) -> bool:
    """Return True if the client itself closed the socket with 1000 (PROTOCOL 6.3).

    API Gateway reports a close by the stack (`DeleteConnection`) as 1000 as well, so the connection
    records when the stack began to close it. Nothing was heard of the client since then, or the
    process that began it died, and the client is still there.
    """
    closed_by_stack = connection.closing_at is not None and (
        connection.closing_at >= connection.heard_at
    )
    return close_code == 1000 and not closed_by_stack

"""Membership of a session: each change is one transaction over session, connection and seat.

It keeps `listenerCount` exact (invariant 1 of docs/build/architecture.md): a process that dies
between two calls has changed all of them or none. Every method raises TransactionCancelled if a
condition no longer holds; its `condition_failed` tells of which `TransactionItem`.
"""

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct

from chalicelib.domain.session import Connection, Session
from chalicelib.domain.types import ConnectionId, Millis, SessionId
from chalicelib.stores.connection_items import Listening
from chalicelib.stores.connection_membership import ConnectionMembership
from chalicelib.stores.dynamodb import DynamoDB
from chalicelib.stores.listener_counts import ListenerCounts
from chalicelib.stores.seats import SeatStore
from chalicelib.stores.sessions import SessionStore
from chalicelib.stores.table import TRANSACTION_ITEMS, Database, Write

DISMISSAL_BATCH = TRANSACTION_ITEMS - 1
"""The most listeners that one transaction can dismiss; one item is the session's update."""
DISMISSAL_LANGUAGES = 25
"""The most languages that these can have: an update's expression may be 4 KB long."""


class TransactionItem(StrEnum):
    """The names of the items that these transactions write or check."""

    SESSION = "session"
    CONNECTION = "connection"
    SEAT = "seat"
    OLD_CONNECTION = "oldConnection"
    """The connection that loses its session to another one."""


class Entry(Struct, frozen=True):
    """A listener about to be in a session."""

    connection_id: ConnectionId
    session: Session
    listening: Listening
    expires_at: Millis


class Membership:
    def __init__(
        self,
        dynamodb: DynamoDB,
        sessions: SessionStore,
        counts: ListenerCounts,
        connections: ConnectionMembership,
        seats: SeatStore,
    ) -> None:
        self._database = Database(dynamodb)
        self._sessions = sessions
        self._counts = counts
        self._connections = connections
        self._seats = seats

    def create(self, session: Session, connection_expires_at: Millis) -> None:
        """Create a session, and put its speaker's connection into it."""
        self._database.transact(
            (TransactionItem.SESSION, self._sessions.put_new(session)),
            (
                TransactionItem.CONNECTION,
                self._connections.enter(
                    session.speaker_connection_id,
                    session.session_id,
                    session.tenant_id,
                    expires_at=connection_expires_at,
                ),
            ),
        )

    def join(self, entry: Entry, capacity: int, previous: ConnectionId | None = None) -> None:
        """Add a listener. `previous` is the connection that has held the seat so far, if any."""
        session_id, listening = entry.session.session_id, entry.listening
        count = self._counts.add(session_id, listening.language, capacity)
        self._database.transact(
            (TransactionItem.SESSION, count),
            (TransactionItem.CONNECTION, self._enter(entry)),
            (TransactionItem.SEAT, self._take_seat(entry, previous)),
        )

    def move(self, old: Connection, entry: Entry) -> None:
        """Move a participant to another connection. At every moment it is counted exactly once."""
        session_id, listening = entry.session.session_id, entry.listening
        before = old.target_language
        if before is None or before == listening.language:
            count = self._sessions.check_active(session_id)
        else:
            count = self._counts.move(session_id, before, listening.language)
        sent = old.sent_by(entry.session)
        supersede = self._connections.supersede(old, entry.connection_id, sent)
        self._database.transact(
            (TransactionItem.SESSION, count),
            (TransactionItem.CONNECTION, self._enter(entry)),
            (TransactionItem.SEAT, self._take_seat(entry, old.connection_id)),
            (TransactionItem.OLD_CONNECTION, supersede),
        )

    def change_language(self, connection: Connection, language: str, session: Session) -> None:
        """Change a listener's language. `session` is its session, with its stream positions."""
        session_id, before = _in_session(connection)
        positions, sent = session.positions(language), connection.sent_by(session)
        change = self._connections.change_language(connection, language, positions, sent)
        self._database.transact(
            (TransactionItem.SESSION, self._counts.move(session_id, before, language)),
            (TransactionItem.CONNECTION, change),
        )

    def leave(self, connection: Connection, session: Session | None) -> None:
        """Remove a listener; its socket stays open. `session` is its session, if that exists."""
        session_id, language = _in_session(connection)
        ended = session is not None and not session.is_active
        leave = self._connections.leave(connection, connection.sent_by(session), ended=ended)
        self._database.transact(
            (TransactionItem.SESSION, self._counts.remove(session_id, {language: 1})),
            (TransactionItem.CONNECTION, leave),
        )

    def dismiss(self, session: Session, listeners: Sequence[Connection]) -> None:
        """Remove listeners, at most `DISMISSAL_BATCH`, from a session that has ended."""
        languages = Counter(language for _, language in map(_in_session, listeners))
        leaves = (
            self._connections.leave(listener, listener.sent_by(session), ended=True)
            for listener in listeners
        )
        self._database.transact(
            (
                TransactionItem.SESSION,
                self._counts.remove(session.session_id, languages),
            ),
            *((TransactionItem.CONNECTION, leave) for leave in leaves),
        )

    def remove(self, session_id: SessionId, connection_id: ConnectionId, language: str) -> None:
        """Remove a listener, and delete its connection."""
        remove = self._connections.remove(connection_id, session_id, language)
        self._database.transact(
            (TransactionItem.SESSION, self._counts.remove(session_id, {language: 1})),
            (TransactionItem.CONNECTION, remove),
        )

    def leave_uncounted(self, connection: Connection) -> bool:
        """Take a listener out of a session that cannot count it. Return False if it has changed."""
        return self._database.try_write(
            self._connections.leave(connection, connection.messages_sent)
        )

    def replace_speaker(
        self,
        session: Session,
        old: Connection | None,
        new: ConnectionId,
        *,
        session_expires_at: Millis,
        connection_expires_at: Millis,
        handshake_at: Millis | None = None,
    ) -> None:
        """Hand a session to its speaker's new connection. `old` is None if it is gone already."""
        replace = self._sessions.replace_speaker(session, new, session_expires_at, handshake_at)
        enter = self._connections.enter(
            new, session.session_id, session.tenant_id, expires_at=connection_expires_at
        )
        items = [(TransactionItem.SESSION, replace), (TransactionItem.CONNECTION, enter)]
        if old is not None:
            supersede = self._connections.supersede(old, new, old.messages_sent)
            items.append((TransactionItem.OLD_CONNECTION, supersede))
        self._database.transact(*items)

    def _enter(self, entry: Entry) -> Write:
        return self._connections.enter(
            entry.connection_id,
            entry.session.session_id,
            entry.session.tenant_id,
            expires_at=entry.expires_at,
            listening=entry.listening,
        )

    def _take_seat(self, entry: Entry, previous: ConnectionId | None) -> Write:
        return self._seats.take(
            entry.session.session_id,
            entry.listening.participant_id,
            entry.connection_id,
            entry.expires_at,
            previous=previous,
        )


def _in_session(connection: Connection) -> tuple[SessionId, str]:
    """Return the session and language of a listener. Raises ValueError if it has none."""
    if connection.session_id is None or connection.target_language is None:
        raise ValueError("this connection is not a listener of a session")
    return connection.session_id, connection.target_language

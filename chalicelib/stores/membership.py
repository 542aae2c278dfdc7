"""Membership of a session: each change is one transaction over connection, seat and one shard.

It keeps the session's counts exact (invariant 1 of docs/build/architecture.md): a process that dies
between two calls has changed all of them or none. Only what the speaker does writes the session's
own item: DynamoDB cancels a transaction that meets another one's item, and a crowd would contend
for it. Every method raises TransactionCancelled if a condition no longer holds; its
`condition_failed` tells of which `TransactionItem`.
"""

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct

from chalicelib.domain.counts import Shard
from chalicelib.domain.session import Connection, Session
from chalicelib.domain.types import ConnectionId, Millis, SessionId
from chalicelib.stores.connection_items import Listening
from chalicelib.stores.connection_membership import ConnectionMembership
from chalicelib.stores.dynamodb import DynamoDB
from chalicelib.stores.listener_counts import ListenerCounts
from chalicelib.stores.seats import SeatStore
from chalicelib.stores.sessions import SessionStore
from chalicelib.stores.table import Database, Write

DISMISSAL_BATCH = 25
"""The most listeners of one shard that a transaction dismisses. Each of them may close its socket
at that moment, and then one of the two transactions is cancelled."""


class TransactionItem(StrEnum):
    """The names of the items that these transactions write or check."""

    SESSION = "session"
    SHARD = "shard"
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

    def create(
        self, session: Session, shards: Sequence[Shard], connection_expires_at: Millis
    ) -> None:
        """Create a session with its counts, and put its speaker's connection into it."""
        self._database.transact(
            (TransactionItem.SESSION, self._sessions.put_new(session)),
            *((TransactionItem.SHARD, self._counts.put_new(shard)) for shard in shards),
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

    def join(self, entry: Entry, previous: ConnectionId | None = None) -> None:
        """Add a listener. `previous` is the connection that has held the seat so far, if any."""
        session_id, listening = entry.session.session_id, entry.listening
        count = self._counts.add(session_id, listening.shard, listening.language)
        self._database.transact(
            (TransactionItem.SHARD, count),
            (TransactionItem.CONNECTION, self._enter(entry)),
            (TransactionItem.SEAT, self._take_seat(entry, previous)),
        )

    def move(self, old: Connection, entry: Entry) -> None:
        """Move a participant to another connection. At every moment it is counted exactly once.

        It stays in its shard, `entry.listening.shard`, whose counts change only with the language.
        """
        session_id, shard, before = _place(old)
        language, sent = entry.listening.language, old.sent_by(entry.session)
        supersede = self._connections.supersede(old, entry.connection_id, sent)
        items = [
            (TransactionItem.CONNECTION, self._enter(entry)),
            (TransactionItem.SEAT, self._take_seat(entry, old.connection_id)),
            (TransactionItem.OLD_CONNECTION, supersede),
        ]
        if before != language:
            count = self._counts.move(session_id, shard, before, language)
            items.append((TransactionItem.SHARD, count))
        self._database.transact(*items)

    def change_language(self, connection: Connection, language: str, session: Session) -> None:
        """Change a listener's language. `session` is its session, with its stream positions."""
        session_id, shard, before = _place(connection)
        positions, sent = session.positions(language), connection.sent_by(session)
        change = self._connections.change_language(connection, language, positions, sent)
        self._database.transact(
            (TransactionItem.SHARD, self._counts.move(session_id, shard, before, language)),
            (TransactionItem.CONNECTION, change),
        )

    def leave(self, connection: Connection, session: Session | None) -> None:
        """Remove a listener; its socket stays open. `session` is its session, if that exists."""
        session_id, shard, language = _place(connection)
        ended = session is not None and not session.is_active
        leave = self._connections.leave(connection, connection.sent_by(session), ended=ended)
        self._database.transact(
            (TransactionItem.SHARD, self._counts.remove(session_id, shard, {language: 1})),
            (TransactionItem.CONNECTION, leave),
        )

    def dismiss(self, session: Session | None, listeners: Sequence[Connection]) -> None:
        """Remove listeners of one shard, at most `DISMISSAL_BATCH`, from a session that has ended.

        `session` is None if the table has deleted it. `failed_conditions` of the error tell which
        listeners have changed, in their order.
        """
        session_id, shard, _ = _place(listeners[0])
        languages = Counter(language for _, _, language in map(_place, listeners))
        leaves = (
            self._connections.leave(listener, listener.sent_by(session), ended=True)
            for listener in listeners
        )
        self._database.transact(
            (TransactionItem.SHARD, self._counts.remove(session_id, shard, languages)),
            *((TransactionItem.CONNECTION, leave) for leave in leaves),
        )

    def remove(self, connection: Connection) -> None:
        """Remove a listener, and delete its connection."""
        session_id, shard, language = _place(connection)
        self._database.transact(
            (TransactionItem.SHARD, self._counts.remove(session_id, shard, {language: 1})),
            (TransactionItem.CONNECTION, self._connections.remove(connection)),
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


def _place(connection: Connection) -> tuple[SessionId, int, str]:
    """Return the session, shard and language of a listener. Raises ValueError if it has none."""
    session_id, shard = connection.session_id, connection.shard
    if session_id is None or shard is None or connection.target_language is None:
        raise ValueError("this connection is not a counted listener of a session")
    return session_id, shard, connection.target_language

"""The history table: the broadcasts of the last `HISTORY_SECONDS`, by stream and seq.

A read costs by the size of what it reads, and a query cannot be told to stop at a size. So no item
of a stream has more than 4 KB, the size that a read unit covers ("Capacity unit consumption for
read operations", Amazon DynamoDB Developer Guide): the text of a larger broadcast is an item of its
own, which is read only when it is to be sent.
"""

from collections.abc import Iterator

from msgspec import Struct

from chalicelib.domain.types import Millis, SessionId
from chalicelib.stores.attributes import Item
from chalicelib.stores.calls import Call, Together
from chalicelib.stores.dynamodb import DynamoDB
from chalicelib.stores.table import Database, Table

UNIT_BYTES = 4096
"""The bytes that one unit of a consistent read covers. Another read costs half."""
ITEM_BYTES = 200
"""The most that an item has besides its message, in bytes."""
SMALL_BYTES = UNIT_BYTES - ITEM_BYTES
"""The largest message that is part of its stream's item, in bytes."""


class HistoryEntry(Struct, frozen=True):
    """A broadcast that can be recovered. `message` is the JSON text that listeners get.

    It is None in what `page` returns of a message of more than `SMALL_BYTES`; `size` is in bytes.
    """

    seq: int
    message: str | None
    expires_at: Millis
    size: int = 0


class HistoryStore:
    def __init__(self, dynamodb: DynamoDB, table: str) -> None:
        self._table = Table(dynamodb, table)
        self._database = Database(dynamodb)
        self._together = Together(dynamodb)

    def keep(self, session_id: SessionId, stream: str, entry: HistoryEntry) -> None:
        """Add a broadcast, in one item or, if it is large, in two that go out together."""
        size = len((entry.message or "").encode())
        if size <= SMALL_BYTES:
            self.add(session_id, stream, entry)
            return
        mark = HistoryEntry(entry.seq, None, entry.expires_at, size)
        self._together(
            self._add_call(_key(session_id, stream, large=True), entry),
            self._add_call(_key(session_id, stream), mark),
        )

    def add(self, session_id: SessionId, stream: str, entry: HistoryEntry) -> None:
        """Add an entry in one item, whatever its size."""
        self._together.each([self._add_call(_key(session_id, stream), entry)])

    def after(self, session_id: SessionId, stream: str, seq: int) -> Iterator[HistoryEntry]:
        """Return the entries of a stream after `seq`, oldest first, read lazily.

        They include entries that have expired and are not deleted yet: check `expires_at`.
        """
        return map(_entry, self._query(session_id, stream, seq + 1, consistent=True))

    def page(
        self, session_id: SessionId, stream: str, seq: int, limit: int, *, consistent: bool = False
    ) -> list[HistoryEntry]:
        """Return at most `limit` entries from `seq` on, by one read; expired ones too."""
        items, _ = self._table.query_page(
            "#streamKey = :stream AND #seq >= :seq",
            values={"stream": _key(session_id, stream), "seq": seq},
            limit=limit,
            consistent=consistent,
        )
        return [_entry(item) for item in items]

    def large_message(self, session_id: SessionId, stream: str, seq: int) -> str | None:
        """Return the text of a large broadcast. None if it is not there (yet)."""
        item = self._table.get({"streamKey": _key(session_id, stream, large=True), "seq": seq})
        return item["message"] if item else None

    def _add_call(self, key: str, entry: HistoryEntry) -> Call[Item]:
        item = {
            "streamKey": key,
            "seq": entry.seq,
            "message": entry.message,
            "keptUntil": entry.expires_at,
            "expiresAt": -(-entry.expires_at // 1000),
        }
        if entry.size:
            item["size"] = entry.size
        return self._database.write_call(self._table.put(item))

    def _query(
        self, session_id: SessionId, stream: str, seq: int, *, consistent: bool
    ) -> Iterator[Item]:
        return self._table.query(
            "#streamKey = :stream AND #seq >= :seq",
            values={"stream": _key(session_id, stream), "seq": seq},
            consistent=consistent,
        )


def _key(session_id: SessionId, stream: str, *, large: bool = False) -> str:
    """Return the key of a stream, or of its large messages. No stream's name has a `#`."""
    return f"{session_id}#{stream}#large" if large else f"{session_id}#{stream}"


def _entry(item: Item) -> HistoryEntry:
    message = item.get("message")
    size = item["size"] if message is None else len(message.encode())
    return HistoryEntry(item["seq"], message, Millis(item["keptUntil"]), size)

"""The history table: the broadcasts of the last `HISTORY_SECONDS`, by stream and seq."""

from collections.abc import Iterator

from msgspec import Struct

from chalicelib.domain.types import Millis, SessionId
from chalicelib.stores.dynamodb import DynamoDB
from chalicelib.stores.table import Database, Table


class HistoryEntry(Struct, frozen=True):
    """A broadcast that can be recovered. `message` is the JSON text that listeners get."""

    seq: int
    message: str
    expires_at: Millis


class HistoryStore:
    def __init__(self, dynamodb: DynamoDB, table: str) -> None:
        self._table = Table(dynamodb, table)
        self._database = Database(dynamodb)

    def keep(self, session_id: SessionId, stream: str, entry: HistoryEntry) -> None:
        self._database.write(
            self._table.put(
                {
                    "streamKey": f"{session_id}#{stream}",
                    "seq": entry.seq,
                    "message": entry.message,
                    "keptUntil": entry.expires_at,
                    "expiresAt": -(-entry.expires_at // 1000),
                }
            )
        )

    def after(
        self, session_id: SessionId, stream: str, seq: int, page_size: int | None = None
    ) -> Iterator[HistoryEntry]:
        """Return the entries of a stream after `seq`, oldest first, read lazily.

        They include entries that have expired and are not deleted yet: check `expires_at`.
        """
        items = self._table.query(
            "#streamKey = :stream AND #seq > :seq",
            values={"stream": f"{session_id}#{stream}", "seq": seq},
            consistent=True,
            page_size=page_size,
        )
        for item in items:
            yield HistoryEntry(item["seq"], item["message"], Millis(item["keptUntil"]))

    def at_or_after(self, session_id: SessionId, stream: str, seq: int) -> HistoryEntry | None:
        """Return the first entry from `seq` on, expired or not."""
        return next(self.after(session_id, stream, seq - 1, page_size=1), None)

"""The history table: what was broadcast in the last `HISTORY_SECONDS`, by stream and seq."""

from collections.abc import Iterator

from msgspec import Struct

from chalicelib.domain.types import Millis, SessionId
from chalicelib.stores.dynamodb import DynamoDB
from chalicelib.stores.table import Database, Table


class Kept(Struct, frozen=True):
    """A broadcast as listeners get it: `message` is the JSON text."""

    seq: int
    message: str
    expires_at: Millis


class HistoryStore:
    def __init__(self, dynamodb: DynamoDB, table: str) -> None:
        self._table = Table(dynamodb, table)
        self._database = Database(dynamodb)

    def keep(self, session_id: SessionId, stream: str, kept: Kept) -> None:
        self._database.write(
            self._table.put(
                {
                    "streamKey": f"{session_id}#{stream}",
                    "seq": kept.seq,
                    "message": kept.message,
                    "keptUntil": kept.expires_at,
                    "expiresAt": -(-kept.expires_at // 1000),
                }
            )
        )

    def after(
        self, session_id: SessionId, stream: str, seq: int, page_size: int | None = None
    ) -> Iterator[Kept]:
        """What is held of a stream behind `seq`, oldest first, read as it is taken.

        It includes what has expired but has not been deleted yet: the caller looks at `expires_at`.
        """
        items = self._table.query(
            "#streamKey = :stream AND #seq > :seq",
            values={"stream": f"{session_id}#{stream}", "seq": seq},
            consistent=True,
            page_size=page_size,
        )
        for item in items:
            yield Kept(item["seq"], item["message"], Millis(item["keptUntil"]))

    def at_or_after(self, session_id: SessionId, stream: str, seq: int) -> Kept | None:
        """The first that is held from `seq` on, expired or not."""
        return next(self.after(session_id, stream, seq - 1, page_size=1), None)

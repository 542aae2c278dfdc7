"""Counters by time window, for the rate limits.

They are in the rate_limits table, whose key is `{operation}:{kind}:{value}:{window}`. The table
also holds other short-lived items: seats (`seats.py`), leases (`leases.py`) and removed users
(`removals.py`).
"""

from chalicelib.domain.types import Millis
from chalicelib.stores.dynamodb import DynamoDB
from chalicelib.stores.table import Database, Table


class RateLimitStore:
    def __init__(self, dynamodb: DynamoDB, table: str) -> None:
        self._table = Table(dynamodb, table)
        self._database = Database(dynamodb)

    def count(self, operation: str, kind: str, value: str, window_seconds: int, now: Millis) -> int:
        """Add one to the counter of the current window, and return its new value."""
        window = now // 1000 // window_seconds
        item = self._database.write(
            self._table.update(
                {"bucket": f"{operation}:{kind}:{value}:{window}"},
                "SET #expiresAt = :expiresAt ADD #count :one",
                condition="",
                values={"one": 1, "expiresAt": (window + 2) * window_seconds},
            )
        )
        return int(item["count"])

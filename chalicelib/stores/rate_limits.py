"""Counters by time window, for the rate limits.

They are in the rate_limits table, whose key is `{operation}:{kind}:{value}:{window}`. The table
also holds other short-lived items: seats (`seats.py`), leases (`leases.py`) and removed users
(`removals.py`).
"""

from chalicelib.domain.types import Millis
from chalicelib.stores.calls import Call, carry_out
from chalicelib.stores.dynamodb import DynamoDB
from chalicelib.stores.table import Database, Table


class RateLimitStore:
    def __init__(self, dynamodb: DynamoDB, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = Table(dynamodb, table)
        self._database = Database(dynamodb)

    def count(self, operation: str, kind: str, value: str, window_seconds: int, now: Millis) -> int:
        """Add one to the counter of the current window, and return its new value."""
        return carry_out(
            self._dynamodb, self.count_call(operation, kind, value, window_seconds, now)
        )

    def count_call(
        self, operation: str, kind: str, value: str, window_seconds: int, now: Millis
    ) -> Call[int]:
        """Return the call that adds one to the counter of the current window: its new value."""
        window = now // 1000 // window_seconds
        counted = self._table.update(
            {"bucket": f"{operation}:{kind}:{value}:{window}"},
            "SET #expiresAt = :expiresAt ADD #count :one",
            condition="",
            values={"one": 1, "expiresAt": (window + 2) * window_seconds},
        )
        return self._database.write_call(counted).then(lambda item: int(item["count"]))

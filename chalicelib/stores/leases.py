"""Leases, in the rate_limits table: the right to do what only one process may do at a time."""

from chalicelib.domain.types import Millis
from chalicelib.stores.dynamodb import DynamoDB
from chalicelib.stores.table import Database, Table


class LeaseStore:
    """Leases by name; a holder that dies keeps its lease until it runs out."""

    def __init__(self, dynamodb: DynamoDB, table: str) -> None:
        self._table = Table(dynamodb, table)
        self._database = Database(dynamodb)

    def acquire(self, name: str, holder: str, now: Millis, seconds: int) -> bool:
        """Take the lease if nobody holds it, if it has run out, or if `holder` holds it already.

        Return False if another process holds it.
        """
        until = now + seconds * 1000
        return self._database.try_write(
            self._table.update(
                _lease(name),
                "SET #holder = :holder, #until = :until, #expiresAt = :expiresAt",
                condition="attribute_not_exists(#bucket) OR #until <= :now OR #holder = :holder",
                values={
                    "holder": holder,
                    "until": until,
                    "now": now,
                    "expiresAt": until // 1000 + 3600,
                },
            )
        )

    def release(self, name: str, holder: str) -> None:
        """Give the lease back. One that another process holds by now is left alone."""
        self._database.try_write(
            self._table.delete(_lease(name), "#holder = :holder", {"holder": holder})
        )


def _lease(name: str) -> dict[str, str]:
    return {"bucket": f"lease:function:{name}:0"}

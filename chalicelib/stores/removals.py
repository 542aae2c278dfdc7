"""Removed users, in the rate_limits table: since when their tokens are refused."""

from chalicelib.domain.types import Millis
from chalicelib.stores.attributes import Item
from chalicelib.stores.calls import Call
from chalicelib.stores.dynamodb import DynamoDB
from chalicelib.stores.table import Database, Table


class RemovalStore:
    """The users whose tokens are refused, and since when. `user` is the hash from `Hasher.user`."""

    def __init__(self, dynamodb: DynamoDB, table: str) -> None:
        self._table = Table(dynamodb, table)
        self._database = Database(dynamodb)

    def refuse(self, user: str, now: Millis, until: Millis) -> None:
        """Refuse the user's tokens that were issued before `now`.

        They are refused until `until`, or longer if an earlier removal says so.
        """
        change = "SET #notBefore = :now"
        values = {"now": now, "expiresAt": until // 1000}
        longer = self._database.try_write(
            self._table.update(
                _removal(user),
                f"{change}, #expiresAt = :expiresAt",
                condition="attribute_not_exists(#bucket) OR #expiresAt <= :expiresAt",
                values=values,
            )
        )
        if not longer:
            self._database.write(
                self._table.update(_removal(user), change, condition="", values={"now": now})
            )

    def prolong(self, user: str, until: Millis) -> None:
        """Extend a removal to `until`, if that is later."""
        self._database.try_write(
            self._table.update(
                _removal(user),
                "SET #expiresAt = :expiresAt",
                condition="#expiresAt < :expiresAt",
                values={"expiresAt": until // 1000},
            )
        )

    def not_before_call(self, user: str, now: Millis) -> Call[Millis | None]:
        """Return the call for the time before which tokens must not have been issued, None if any.

        It is a consistent read, since a removed user's client reconnects within the second.
        """

        def not_before(item: Item | None) -> Millis | None:
            if item is None or item["expiresAt"] * 1000 <= now:
                return None
            return Millis(item["notBefore"])

        return self._table.get_call(_removal(user), consistent=True).then(not_before)


def _removal(user: str) -> dict[str, str]:
    return {"bucket": f"removal:user:{user}:0"}

"""The rate_limits table: short-lived counters, and what else needs a key and an end.

Its key is `{operation}:{kind}:{value}:{window}`. Besides counters it holds the *seat* of each
participant (which connection a resume token stands for just now), the lease of the sweep, and since
when a removed user's tokens are refused.
"""

from chalicelib.domain.types import ConnectionId, Millis, SessionId
from chalicelib.stores.dynamodb import DynamoDB
from chalicelib.stores.table import Database, Table, Write


class RateLimitStore:
    def __init__(self, dynamodb: DynamoDB, table: str) -> None:
        self._table = Table(dynamodb, table)
        self._database = Database(dynamodb)

    def count(self, operation: str, kind: str, value: str, window_seconds: int, now: Millis) -> int:
        """Adds one to the counter of the current window, and answers how many it has now."""
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


class SeatStore:
    """Which connection a participant listens on. Its resume token moves it to another one.

    It is the one item that all uses of a participant's tokens meet at, so that a token that is used
    twice, at once or after a lost answer, never counts anybody twice.
    """

    def __init__(self, dynamodb: DynamoDB, table: str) -> None:
        self._table = Table(dynamodb, table)

    def holder(self, session_id: SessionId, participant_id: str) -> ConnectionId | None:
        seat = self._table.get(_seat(session_id, participant_id), consistent=True)
        return ConnectionId(seat["holder"]) if seat else None

    def take(
        self,
        session_id: SessionId,
        participant_id: str,
        connection_id: ConnectionId,
        expires_at: Millis,
        *,
        previous: ConnectionId | None,
    ) -> Write:
        """Gives the seat to a connection, if `previous` has it (None: if nobody has)."""
        condition = "attribute_not_exists(#bucket)" if previous is None else "#holder = :previous"
        values = {"holder": connection_id, "expiresAt": expires_at // 1000}
        if previous is not None:
            values["previous"] = previous
        return self._table.update(
            _seat(session_id, participant_id),
            "SET #holder = :holder, #expiresAt = :expiresAt",
            condition=condition,
            values=values,
        )


def _seat(session_id: SessionId, participant_id: str) -> dict[str, str]:
    return {"bucket": f"resume:participant:{participant_id}:{session_id}"}


class LeaseStore:
    """The right to do what only one process may do at a time."""

    def __init__(self, dynamodb: DynamoDB, table: str) -> None:
        self._table = Table(dynamodb, table)
        self._database = Database(dynamodb)

    def acquire(self, name: str, holder: str, now: Millis, seconds: int) -> bool:
        """Takes the lease if nobody has it, if it has run out, or if `holder` has it already."""
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
        """Gives the lease back; one that has gone to somebody else is left alone."""
        self._database.try_write(
            self._table.delete(_lease(name), "#holder = :holder", {"holder": holder})
        )


def _lease(name: str) -> dict[str, str]:
    return {"bucket": f"lease:function:{name}:0"}


class RemovalStore:
    """Since when the tokens of a removed user are refused. `user` is `Hasher.user`'s text."""

    def __init__(self, dynamodb: DynamoDB, table: str) -> None:
        self._table = Table(dynamodb, table)
        self._database = Database(dynamodb)

    def refuse(self, user: str, now: Millis, until: Millis) -> None:
        """Refuses what was issued before `now`, until `until`, or longer if it was so before."""
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
        """Refuses the same until `until`, if that is later."""
        self._database.try_write(
            self._table.update(
                _removal(user),
                "SET #expiresAt = :expiresAt",
                condition="#expiresAt < :expiresAt",
                values={"expiresAt": until // 1000},
            )
        )

    def not_before(self, user: str, now: Millis) -> Millis | None:
        """Tokens issued before this are refused; None if the user was not removed, or long ago.

        A consistent read: whoever is removed comes back within the second.
        """
        item = self._table.get(_removal(user), consistent=True)
        if item is None or item["expiresAt"] * 1000 <= now:
            return None
        return Millis(item["notBefore"])


def _removal(user: str) -> dict[str, str]:
    return {"bucket": f"removal:user:{user}:0"}

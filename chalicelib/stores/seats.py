"""Participants' seats, in the rate_limits table: which connection each one listens on."""

from chalicelib.domain.types import ConnectionId, Millis, SessionId
from chalicelib.stores.dynamodb import DynamoDB
from chalicelib.stores.table import Table, Write


class SeatStore:
    """The seat of each participant: the connection that its resume token stands for.

    Every use of a participant's tokens writes this one item, so a token that is used twice, at once
    or after a lost response, never counts a participant twice.
    """

    def __init__(self, dynamodb: DynamoDB, table: str) -> None:
        self._table = Table(dynamodb, table)

    def holder(self, session_id: SessionId, participant_id: str) -> ConnectionId | None:
        """Return the connection that holds the seat, by a consistent read; None if none does."""
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
        """Give the seat to a connection, if `previous` holds it (None: if nobody does)."""
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

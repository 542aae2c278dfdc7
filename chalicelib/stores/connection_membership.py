"""The writes that put a connection into a session and take it out, for transactions."""

from collections.abc import Mapping
from typing import Any

from chalicelib.domain.session import Connection
from chalicelib.domain.types import ConnectionId, Millis, SessionId, TenantId
from chalicelib.stores.connection_items import HANDSHAKE_PENDING, Listening
from chalicelib.stores.dynamodb import DynamoDB
from chalicelib.stores.table import Table, Write


class ConnectionMembership:
    """The attributes of a connection that say which session it is in.

    Each method returns a write, as `Membership` changes the session in the same transaction.
    """

    def __init__(self, dynamodb: DynamoDB, table: str) -> None:
        self._table = Table(dynamodb, table)

    def enter(
        self,
        connection_id: ConnectionId,
        session_id: SessionId,
        tenant_id: TenantId,
        *,
        expires_at: Millis,
        listening: Listening | None = None,
    ) -> Write:
        """Put a connection that is in no session into one, as its speaker or as a listener."""
        change = "SET #sessionId = :session, #tenantId = :tenant, #expiresAt = :expiresAt"
        values: dict[str, Any] = {
            "session": session_id,
            "tenant": tenant_id,
            "expiresAt": expires_at // 1000,
        }
        if listening is not None:
            change += (
                ", #targetLanguage = :language, #shard = :shard, #participantId = :participant,"
                " #joinedPositions = :positions"
            )
            values |= {
                "language": listening.language,
                "shard": listening.shard,
                "participant": listening.participant_id,
                "positions": listening.joined_positions,
            }
            if listening.handshake_pending:
                change += ", #role = :joining"
                values["joining"] = HANDSHAKE_PENDING
            # The try that was reserved for this is given back.
            change += " ADD #joinTries :back"
            values["back"] = -1
        return self._table.update(
            {"connectionId": connection_id},
            f"{change} REMOVE #endedSessionId, #topics",
            condition="attribute_exists(#connectionId) AND attribute_not_exists(#sessionId)"
            " AND attribute_not_exists(#supersededBy)",
            values=values,
        )

    def leave(self, connection: Connection, sent: int, *, ended: bool = False) -> Write:
        """Take a connection out of its session. Its socket stays open, in no session.

        `sent` is the number of broadcasts that it was sent. `ended` is true if it leaves because
        the session has ended. An anonymous listener has its tenant from the session, and loses it
        with the session.
        """
        change = "SET #messagesSent = :sent"
        names = "#sessionId, #targetLanguage, #shard, #participantId, #joinedPositions"
        if ended:
            change += ", #endedSessionId = :session"
        if connection.user_id is None:
            names += ", #tenantId"
        return self._of_session(connection, f"{change} REMOVE {names}", sent=sent)

    def supersede(self, connection: Connection, new: ConnectionId, sent: int) -> Write:
        """Take a connection out of its session, and record which connection has replaced it.

        It belongs to no tenant any more, so messages to the tenant do not go to it either.
        """
        return self._of_session(
            connection,
            "SET #supersededBy = :new, #messagesSent = :sent REMOVE #sessionId, #tenantId,"
            " #targetLanguage, #shard, #participantId, #joinedPositions",
            new=new,
            sent=sent,
        )

    def change_language(
        self, connection: Connection, language: str, positions: Mapping[str, int], sent: int
    ) -> Write:
        """Let a listener follow the streams of another language, from their `positions` on."""
        return self._of_session(
            connection,
            "SET #targetLanguage = :new, #joinedPositions = :positions, #messagesSent = :sent",
            new=language,
            positions=positions,
            sent=sent,
        )

    def remove(self, connection: Connection) -> Write:
        """Delete a connection, if its location is still as in `connection`."""
        condition, known = unchanged_location(connection)
        return self._table.delete({"connectionId": connection.connection_id}, condition, known)

    def _of_session(self, connection: Connection, change: str, **values: Any) -> Write:
        """Return an update that needs the location to be as in `connection`."""
        condition, known = unchanged_location(connection)
        return self._table.update(
            {"connectionId": connection.connection_id},
            change,
            condition=condition,
            values=known | values,
        )


def unchanged_location(connection: Connection) -> tuple[str, dict[str, Any]]:
    """Return the condition, with its values, that the location is as in `connection`.

    That is its session and, for a listener, its language and shard: it may have left and joined the
    same session again.
    """
    if connection.session_id is None:
        return "attribute_not_exists(#sessionId)", {}
    condition = "#sessionId = :session"
    values: dict[str, Any] = {"session": connection.session_id}
    if connection.target_language is None:
        return condition, values
    condition += " AND #targetLanguage = :language"
    values |= {"language": connection.target_language}
    if connection.shard is None:
        return f"{condition} AND attribute_not_exists(#shard)", values
    return f"{condition} AND #shard = :shard", values | {"shard": connection.shard}

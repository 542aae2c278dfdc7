"""The connections table (DESIGN section 3): one item an open socket."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.session import NEVER, Connection
from chalicelib.domain.types import ConnectionId, Millis, Role, SessionId, TenantId, UserId
from chalicelib.stores.attributes import Item
from chalicelib.stores.dynamodb import DynamoDB
from chalicelib.stores.table import Database, Table, Write

_SWEPT = (
    "connectionId",
    "role",
    "userId",
    "tenantId",
    "sessionId",
    "targetLanguage",
    "connectedAt",
    "lastActivityTime",
    "refreshAt",
    "warned",
    "tokenExpiresAt",
    "tokenNoticeAt",
    "supersededBy",
)
JOINING = "joining"
"""The `role` of a listener whose socket is not open yet: counted, but not to be posted to."""


@dataclass(frozen=True)
class Recipient:
    """What the index tells of a listener."""

    connection_id: ConnectionId
    language: str
    ready: bool
    """False while its handshake is not over: it exists, but posts to it would get 410."""


class ConnectionStore:
    def __init__(self, dynamodb: DynamoDB, table: str) -> None:
        self._table = Table(dynamodb, table)
        self._database = Database(dynamodb)

    def get(self, connection_id: ConnectionId) -> Connection | None:
        """One eventually consistent read; a connection that seems not to exist is asked for again.

        The second look is for the message that comes right behind its own handshake.
        """
        key = {"connectionId": connection_id}
        item = self._table.get(key) or self._table.get(key, consistent=True)
        return connection_from_item(item) if item else None

    def get_current(self, connection_id: ConnectionId) -> Connection | None:
        """A consistent read, for decisions that a stale copy would get wrong."""
        item = self._table.get({"connectionId": connection_id}, consistent=True)
        return connection_from_item(item) if item else None

    def get_many(self, connection_ids: Iterable[ConnectionId]) -> Iterator[Connection]:
        keys = [{"connectionId": connection_id} for connection_id in connection_ids]
        return map(connection_from_item, self._table.get_many(keys))

    def listeners(self, session_id: SessionId, language: str | None = None) -> Iterator[Recipient]:
        """The listeners of a session, or those of one language, as the index has them."""
        condition = "#sessionId = :session"
        values: dict[str, str] = {"session": session_id}
        if language is not None:
            condition += " AND #targetLanguage = :language"
            values["language"] = language
        items = self._table.query(condition, values=values, index="sessionId-targetLanguage-index")
        for item in items:
            yield Recipient(
                ConnectionId(item["connectionId"]), item["targetLanguage"], item["role"] != JOINING
            )

    def ids_of_tenant(self, tenant_id: TenantId) -> Iterator[ConnectionId]:
        items = self._table.query(
            "#tenantId = :tenant", values={"tenant": tenant_id}, index="tenantId-index"
        )
        return (ConnectionId(item["connectionId"]) for item in items)

    def scan_page(
        self, segment: int, segments: int, start: Item | None
    ) -> tuple[list[Connection], Item | None]:
        """A page of all connections with what the sweep looks at, and where the next one starts."""
        items, last = self._table.scan_page(_SWEPT, segment, segments, start)
        return [connection_from_item(item) for item in items if "role" in item], last

    def put(self, connection: Connection) -> None:
        self._database.write(self._table.put(_connection_to_item(connection)))

    def delete(self, connection: Connection) -> bool:
        """Forgets a connection; False if it has entered or left a session since it was read."""
        condition, values = _unchanged(connection)
        key = {"connectionId": connection.connection_id}
        return self._database.try_write(self._table.delete(key, condition, values))

    def welcome(self, connection_id: ConnectionId) -> bool:
        """Makes a listener whose socket is open now a recipient; False if it is gone or was one."""
        return self._database.try_write(
            self._table.update(
                {"connectionId": connection_id},
                "SET #role = :listener",
                condition="#role = :joining",
                values={"listener": Role.LISTENER.value, "joining": JOINING},
            )
        )

    def record_activity(self, connection_id: ConnectionId, now: Millis) -> None:
        """Notes that something was heard. The messages counted here are a lower bound."""
        self._database.try_write(
            self._table.update(
                {"connectionId": connection_id},
                "SET #lastActivityTime = :now ADD #messagesReceived :one",
                condition="attribute_exists(#connectionId)",
                values={"now": now, "one": 1},
            )
        )

    def postpone_notices(self, connection: Connection, changes: Mapping[str, Any]) -> bool:
        """Notes what a client is about to be told; True for the one caller that is to tell it.

        `changes` are new values of `refreshAt`, `warned` and `tokenNoticeAt`. Heartbeat and sweep
        may both find the same notice due: the condition lets one of them through.
        """
        key = {"connectionId": connection.connection_id}
        assignments = ", ".join(f"#{name} = :{name}" for name in changes)
        return self._database.try_write(
            self._table.update(
                key,
                f"SET {assignments}",
                condition="#refreshAt = :knownRefreshAt AND #tokenNoticeAt = :knownTokenNoticeAt",
                values={
                    "knownRefreshAt": connection.refresh_at,
                    "knownTokenNoticeAt": connection.token_notice_at,
                    **changes,
                },
            )
        )

    def renew_token(
        self, connection_id: ConnectionId, expires_at: Millis, notice_at: Millis
    ) -> None:
        """Notes that the client has shown a newer token."""
        self._database.write(
            self._table.update(
                {"connectionId": connection_id},
                "SET #tokenExpiresAt = :expiresAt, #tokenNoticeAt = :noticeAt",
                condition="attribute_exists(#connectionId)",
                values={"expiresAt": expires_at, "noticeAt": notice_at},
            )
        )

    def enter(
        self,
        connection_id: ConnectionId,
        session_id: SessionId,
        tenant_id: TenantId,
        *,
        expires_at: Millis,
        listening: "Listening | None" = None,
    ) -> Write:
        """Puts a connection that is in no session into one, as its speaker or as a listener."""
        change = "SET #sessionId = :session, #tenantId = :tenant, #expiresAt = :expiresAt"
        values: dict[str, Any] = {
            "session": session_id,
            "tenant": tenant_id,
            "expiresAt": expires_at // 1000,
        }
        if listening is not None:
            change += (
                ", #targetLanguage = :language, #participantId = :participant,"
                " #joinedPositions = :positions"
            )
            values |= {
                "language": listening.language,
                "participant": listening.participant_id,
                "positions": listening.joined_positions,
            }
            if listening.socket_opening:
                change += ", #role = :joining"
                values["joining"] = JOINING
        return self._table.update(
            {"connectionId": connection_id},
            change,
            condition="attribute_exists(#connectionId) AND attribute_not_exists(#sessionId)"
            " AND attribute_not_exists(#supersededBy)",
            values=values,
        )

    def leave(self, connection: Connection) -> Write:
        """Takes a connection out of its session; its socket stays open and belongs to nothing.

        An anonymous listener has its tenant from the session, and loses it with the session.
        """
        names = "#sessionId, #targetLanguage, #participantId, #joinedPositions"
        if connection.user_id is None:
            names += ", #tenantId"
        return self._of_session(connection, f"REMOVE {names}")

    def detach(self, connection: Connection, *, delete: bool) -> bool:
        """Takes a listener out of a session that cannot be counted; False if it has changed."""
        if delete:
            return self.delete(connection)
        return self._database.try_write(self.leave(connection))

    def supersede(self, connection: Connection, new: ConnectionId) -> Write:
        """What `leave` does, noting which connection has taken its place."""
        return self._of_session(
            connection,
            "SET #supersededBy = :new REMOVE #sessionId, #targetLanguage, #participantId,"
            " #joinedPositions",
            new=new,
        )

    def change_language(self, connection: Connection, language: str) -> Write:
        return self._of_session(connection, "SET #targetLanguage = :new", new=language)

    def remove(self, connection_id: ConnectionId, session_id: SessionId, language: str) -> Write:
        """Deletes a listener, if it is still what the caller thinks it is."""
        return self._table.delete(
            {"connectionId": connection_id},
            "#sessionId = :session AND #targetLanguage = :language",
            {"session": session_id, "language": language},
        )

    def release(self, connection_id: ConnectionId, session_id: SessionId) -> None:
        """Takes the speaker's connection out of a session that has ended; its socket stays open."""
        self._database.try_write(
            self._table.update(
                {"connectionId": connection_id},
                "SET #endedSessionId = :session REMOVE #sessionId",
                condition="#sessionId = :session",
                values={"session": session_id},
            )
        )

    def _of_session(self, connection: Connection, change: str, **values: Any) -> Write:
        """A change under the condition that session and language are still as in `connection`."""
        condition, known = _unchanged(connection)
        return self._table.update(
            {"connectionId": connection.connection_id},
            change,
            condition=condition,
            values=known | values,
        )


def _unchanged(connection: Connection) -> tuple[str, dict[str, Any]]:
    """The condition that a connection is still where it was, and in the same language."""
    if connection.session_id is None:
        return "attribute_not_exists(#sessionId)", {}
    if connection.target_language is None:
        return "#sessionId = :session", {"session": connection.session_id}
    return "#sessionId = :session AND #targetLanguage = :language", {
        "session": connection.session_id,
        "language": connection.target_language,
    }


@dataclass(frozen=True)
class Listening:
    """What a listener's connection has besides a speaker's."""

    language: str
    participant_id: str
    joined_positions: Mapping[str, int]
    socket_opening: bool = False


def _connection_to_item(connection: Connection) -> Item:
    """A new connection, in no session yet."""
    return {
        "connectionId": connection.connection_id,
        "role": connection.role.value,
        "tenantId": connection.tenant_id,
        "userId": connection.user_id,
        "connectedAt": connection.connected_at,
        "refreshAt": connection.refresh_at,
        "tokenExpiresAt": connection.token_expires_at,
        "tokenNoticeAt": connection.token_notice_at,
        "messagesReceived": 0,
        "expiresAt": connection.expires_at // 1000,
    }


def connection_from_item(item: Item) -> Connection:
    """A connection as the table has it, whole or projected by the sweep."""
    role = item["role"]
    return Connection(
        connection_id=ConnectionId(item["connectionId"]),
        role=Role.LISTENER if role == JOINING else Role(role),
        is_joining=role == JOINING,
        tenant_id=_optional(TenantId, item.get("tenantId")),
        user_id=_optional(UserId, item.get("userId")),
        connected_at=Millis(item["connectedAt"]),
        refresh_at=Millis(item["refreshAt"]),
        expires_at=Millis(item.get("expiresAt", 0) * 1000),
        session_id=_optional(SessionId, item.get("sessionId")),
        ended_session_id=_optional(SessionId, item.get("endedSessionId")),
        target_language=item.get("targetLanguage"),
        participant_id=item.get("participantId"),
        last_activity_time=item.get("lastActivityTime"),
        warned=item.get("warned", False),
        token_expires_at=item.get("tokenExpiresAt"),
        token_notice_at=Millis(item.get("tokenNoticeAt", NEVER)),
        superseded_by=_optional(ConnectionId, item.get("supersededBy")),
        joined_positions=item.get("joinedPositions", {}),
        messages_received=item.get("messagesReceived", 0),
    )


def _optional(kind: Any, value: str | None) -> Any:
    return None if value is None else kind(value)

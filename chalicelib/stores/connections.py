"""The connections table: one item for each open socket."""

from collections.abc import Iterable, Iterator

from chalicelib.domain.session import Connection
from chalicelib.domain.types import ConnectionId, Millis, Role, SessionId, TenantId
from chalicelib.errors import ConditionFailed
from chalicelib.stores.attributes import Item
from chalicelib.stores.calls import Call, Together
from chalicelib.stores.connection_items import (
    HANDSHAKE_PENDING,
    LOCATION_ATTRIBUTES,
    SWEEP_ATTRIBUTES,
    Location,
    Recipient,
    connection_from_item,
    connection_to_item,
    location_from_item,
)
from chalicelib.stores.connection_membership import unchanged_location
from chalicelib.stores.dynamodb import DynamoDB
from chalicelib.stores.table import Database, Table, Write

_TRIES_MILLIS = 60_000
"""The time from the first of some tries to join until they are counted anew."""
_CLAIM_MILLIS = 10_000
"""The time in which only the process that has claimed to close a connection does so."""


class ConnectionStore:
    def __init__(self, dynamodb: DynamoDB, table: str) -> None:
        self._table = Table(dynamodb, table)
        self._database = Database(dynamodb)
        self._together = Together(dynamodb)

    def get(self, connection_id: ConnectionId) -> Connection | None:
        """Return a connection by an eventually consistent read, at half the price."""
        item = self._table.get({"connectionId": connection_id})
        return connection_from_item(item) if item else None

    def get_current(self, connection_id: ConnectionId) -> Connection | None:
        """Return a connection by a consistent read, where a stale copy would be wrong."""
        (connection,) = self._together(self.get_current_call(connection_id))
        return connection

    def get_current_call(self, connection_id: ConnectionId) -> Call[Connection | None]:
        """Return the call for what `get_current` returns."""
        get = self._table.get_call({"connectionId": connection_id}, consistent=True)
        return get.then(lambda item: connection_from_item(item) if item else None)

    def get_in_session(
        self, connection_id: ConnectionId, session_id: SessionId
    ) -> Connection | None:
        """Return what `get_current` does, but None if the connection is not in that session."""
        found = self.get_current(connection_id)
        return found if found is not None and found.session_id == session_id else None

    def get_many(self, connection_ids: Iterable[ConnectionId]) -> Iterator[Connection]:
        """Return the connections that still exist, in no order."""
        keys = [{"connectionId": connection_id} for connection_id in connection_ids]
        return map(connection_from_item, self._table.get_many(keys))

    def locations(
        self, connection_ids: Iterable[ConnectionId], *, consistent: bool
    ) -> Iterator[Location]:
        """Return the locations of the connections that still exist, in no order.

        A read that need not be consistent costs half.
        """
        keys = [{"connectionId": connection_id} for connection_id in connection_ids]
        return map(
            location_from_item,
            self._table.get_many(keys, LOCATION_ATTRIBUTES, consistent=consistent),
        )

    def listeners(self, session_id: SessionId, language: str | None = None) -> Iterator[Recipient]:
        """Return the listeners of a session, or those of one language, as the index has them."""
        (listeners,) = self._together(self.listeners_call(session_id, language))
        return listeners

    def listeners_call(
        self, session_id: SessionId, language: str | None = None, limit: int | None = None
    ) -> Call[Iterator[Recipient]]:
        """Return the call for what `listeners` returns.

        It reads at most `limit` of them; the pages after it are read lazily.
        """
        condition = "#sessionId = :session"
        values: dict[str, str] = {"session": session_id}
        if language is not None:
            condition += " AND #targetLanguage = :language"
            values["language"] = language
        query = self._table.query_call(
            condition, values=values, index="sessionId-targetLanguage-index", limit=limit
        )
        return query.then(lambda items: map(_recipient, items))

    def page_of_session(
        self, session_id: SessionId, start: Item | None, limit: int
    ) -> tuple[list[ConnectionId], Item | None]:
        """Return a page of a session's listeners, by language, and the next page's start."""
        items, last = self._table.query_page(
            "#sessionId = :session",
            values={"session": session_id},
            index="sessionId-targetLanguage-index",
            limit=limit,
            start=start,
        )
        return [ConnectionId(item["connectionId"]) for item in items], last

    def ids_of_tenant(self, tenant_id: TenantId) -> Iterator[ConnectionId]:
        items = self._table.query(
            "#tenantId = :tenant", values={"tenant": tenant_id}, index="tenantId-index"
        )
        return (ConnectionId(item["connectionId"]) for item in items)

    def page_of_tenant(
        self, tenant_id: TenantId, start: Item | None, limit: int
    ) -> tuple[list[ConnectionId], Item | None]:
        """Return a page of a tenant's connections, unordered, and the next page's start."""
        items, last = self._table.query_page(
            "#tenantId = :tenant",
            values={"tenant": tenant_id},
            index="tenantId-index",
            limit=limit,
            start=start,
        )
        return [ConnectionId(item["connectionId"]) for item in items], last

    def scan_page(
        self, segment: int, segments: int, after: ConnectionId | None
    ) -> tuple[list[Connection], ConnectionId | None]:
        """Return a page of a segment of all connections, and the id after which the next starts.

        The connections have only the attributes that the sweep reads. The id is None at the end of
        the segment.
        """
        start = None if after is None else {"connectionId": after}
        items, last = self._table.scan_page(SWEEP_ATTRIBUTES, segment, segments, start)
        following = None if last is None else ConnectionId(last["connectionId"])
        return [connection_from_item(item) for item in items], following

    def put_new_call(self, connection: Connection) -> Call[bool]:
        """Return the call that adds a connection.

        Its result is False if an earlier run of the same handshake has added it.
        """
        item = connection_to_item(connection)
        put = self._table.put(item, "attribute_not_exists(#connectionId)")
        return self._database.try_write_call(put)

    def put_refused(self, connection: Connection) -> bool:
        """Add a connection whose handshake was refused, over what that may have left of it.

        Return False if the connection has entered a session.
        """
        item = connection_to_item(connection)
        condition = "attribute_not_exists(#sessionId) AND attribute_not_exists(#supersededBy)"
        return self._database.try_write(self._table.put(item, condition))

    def delete(self, connection: Connection) -> bool:
        """Delete a connection. Return False if it has changed sessions since it was read."""
        condition, values = unchanged_location(connection)
        key = {"connectionId": connection.connection_id}
        return self._database.try_write(self._table.delete(key, condition, values))

    def finish_handshake(self, connection_id: ConnectionId) -> bool:
        """Make a listener a recipient, now that its socket is open.

        Return False if it is gone, or a recipient already.
        """
        return self._database.try_write(
            self._table.update(
                {"connectionId": connection_id},
                "SET #role = :listener",
                condition="#role = :joining",
                values={"listener": Role.LISTENER.value, "joining": HANDSHAKE_PENDING},
            )
        )

    def heard_from(self, connection_id: ConnectionId, now: Millis) -> Connection | None:
        """Record that a message came in, and return the connection as it was before.

        One write, instead of a read and a write. Return None if the connection is gone, or if
        another one has taken its place.
        """
        write = self._activity(connection_id, now, " AND attribute_not_exists(#supersededBy)")
        call = self._database.write_call(write, returning="ALL_OLD").then(connection_from_item)
        try:
            (connection,) = self._together(call)
        except ConditionFailed:
            return None
        return connection

    def reserve_try(
        self, connection_id: ConnectionId, limit: int, now: Millis
    ) -> Connection | None:
        """Record a message that tries to enter a session, and return the connection as it is then.

        Return None if it has had `limit` tries within a minute, is in a session, or is gone. The
        tries are counted here, before anything is looked up, so that no more are carried out of
        however many arrive at once.
        """
        start = " AND (attribute_not_exists(#joinTriesSince) OR #joinTriesSince <= :before)"
        more = " AND #joinTriesSince > :before AND #joinTries < :limit"
        tries: tuple[tuple[str, str, dict[str, int]], ...] = (
            ("SET #joinTries = :one, #joinTriesSince = :now", start, {}),
            ("SET #joinTries = #joinTries + :one", more, {"limit": limit}),
        )
        for change, condition, values in tries:
            write = self._table.update(
                {"connectionId": connection_id},
                f"{change}, #lastActivityTime = :now ADD #messagesReceived :one",
                condition="attribute_exists(#connectionId) AND attribute_not_exists(#sessionId)"
                f" AND attribute_not_exists(#supersededBy){condition}",
                values={"one": 1, "now": now, "before": now - _TRIES_MILLIS, **values},
            )
            try:
                (item,) = self._together(self._database.write_call(write))
            except ConditionFailed:
                continue
            return connection_from_item(item)
        return None

    def return_try(self, connection_id: ConnectionId) -> None:
        """Give back a try that found its session, but could not enter it."""
        self._database.try_write(
            self._table.update(
                {"connectionId": connection_id},
                "ADD #joinTries :back",
                condition="attribute_exists(#connectionId) AND #joinTries > :zero",
                values={"back": -1, "zero": 0},
            )
        )

    def record_activity(self, connection_id: ConnectionId, now: Millis) -> None:
        self._together(self.record_activity_call(connection_id, now))

    def record_activity_call(self, connection_id: ConnectionId, now: Millis) -> Call[bool]:
        """Return the call that records that a message came in.

        The number of messages counted here is a lower bound.
        """
        return self._database.try_write_call(self._activity(connection_id, now))

    def _activity(self, connection_id: ConnectionId, now: Millis, condition: str = "") -> Write:
        return self._table.update(
            {"connectionId": connection_id},
            "SET #lastActivityTime = :now ADD #messagesReceived :one",
            condition=f"attribute_exists(#connectionId){condition}",
            values={"now": now, "one": 1},
        )

    def schedule_notices(self, seen: Connection, later: Connection) -> bool:
        """Set when notices are due. Return False if that has changed since `seen`.

        Heartbeat and sweep may both find the same notice due; only the first one succeeds.
        """
        return self._database.try_write(
            self._table.update(
                {"connectionId": seen.connection_id},
                "SET #refreshAt = :refreshAt, #warnAt = :warnAt, #tokenNoticeAt = :tokenNoticeAt",
                condition="#refreshAt = :knownRefreshAt AND #warnAt = :knownWarnAt"
                " AND #tokenNoticeAt = :knownTokenNoticeAt",
                values={
                    "refreshAt": later.refresh_at,
                    "warnAt": later.warn_at,
                    "tokenNoticeAt": later.token_notice_at,
                    "knownRefreshAt": seen.refresh_at,
                    "knownWarnAt": seen.warn_at,
                    "knownTokenNoticeAt": seen.token_notice_at,
                },
            )
        )

    def claim_closing(self, connection_id: ConnectionId, now: Millis) -> bool:
        """Claim the closing of a connection. Return False if it is gone, or claimed by another.

        A claim runs out after a few seconds, as the process that made it may have died.
        """
        return self._database.try_write(
            self._table.update(
                {"connectionId": connection_id},
                "SET #closingAt = :now",
                condition="attribute_exists(#connectionId)"
                " AND (attribute_not_exists(#closingAt) OR #closingAt < :before)",
                values={"now": now, "before": now - _CLAIM_MILLIS},
            )
        )

    def renew_token(
        self, connection_id: ConnectionId, expires_at: Millis, notice_at: Millis
    ) -> bool:
        """Record a newer token of the client. Return False if the connection is gone."""
        return self._database.try_write(
            self._table.update(
                {"connectionId": connection_id},
                "SET #tokenExpiresAt = :expiresAt, #tokenNoticeAt = :noticeAt",
                condition="attribute_exists(#connectionId)",
                values={"expiresAt": expires_at, "noticeAt": notice_at},
            )
        )

    def add_topic(
        self, connection_id: ConnectionId, session_id: SessionId, topic: str, most: int
    ) -> bool:
        """Note a topic that a connection subscribes to. Idempotent.

        Return False if it has `most` others, or is not in the session.
        """
        return self._database.try_write(
            self._table.update(
                {"connectionId": connection_id},
                "ADD #topics :topics",
                condition="#sessionId = :session AND (attribute_not_exists(#topics)"
                " OR size(#topics) < :most OR contains(#topics, :topic))",
                values={
                    "topics": frozenset({topic}),
                    "topic": topic,
                    "session": session_id,
                    "most": most,
                },
            )
        )

    def remove_topic(self, connection_id: ConnectionId, topic: str) -> None:
        self._database.try_write(
            self._table.update(
                {"connectionId": connection_id},
                "DELETE #topics :topics",
                condition="contains(#topics, :topic)",
                values={"topics": frozenset({topic}), "topic": topic},
            )
        )

    def release(self, connection_id: ConnectionId, session_id: SessionId) -> None:
        """Take the speaker's connection out of a session that has ended. Its socket stays open."""
        self._database.try_write(
            self._table.update(
                {"connectionId": connection_id},
                "SET #endedSessionId = :session REMOVE #sessionId",
                condition="#sessionId = :session",
                values={"session": session_id},
            )
        )


def _recipient(item: Item) -> Recipient:
    return Recipient(
        ConnectionId(item["connectionId"]),
        item["targetLanguage"],
        item["role"] == HANDSHAKE_PENDING,
    )

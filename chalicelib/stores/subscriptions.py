"""The subscriptions table: which connection follows which topic of which session."""

from collections.abc import Iterator

from msgspec import Struct

from chalicelib.domain.types import ConnectionId, Millis, SessionId, TenantId
from chalicelib.stores.calls import Call
from chalicelib.stores.dynamodb import DynamoDB
from chalicelib.stores.table import Database, Table, Write


def session_of(topic_key: str) -> SessionId:
    """Return the session that a topic belongs to."""
    return SessionId(topic_key.partition("#")[0])


class Subscription(Struct, frozen=True):
    topic_key: str
    connection_id: ConnectionId
    tenant_id: TenantId
    expires_at: Millis


def topic_key(session_id: SessionId, topic: str) -> str:
    """Return the key of a session's topic. Neither part can contain a `#`."""
    return f"{session_id}#{topic}"


class SubscriptionStore:
    def __init__(self, dynamodb: DynamoDB, table: str) -> None:
        self._table = Table(dynamodb, table)
        self._database = Database(dynamodb)

    def add(self, subscription: Subscription) -> None:
        self._database.write(
            self._table.put(
                {
                    "topicKey": subscription.topic_key,
                    "connectionId": subscription.connection_id,
                    "tenantId": subscription.tenant_id,
                    "expiresAt": subscription.expires_at // 1000,
                }
            )
        )

    def remove(self, key: str, connection_id: ConnectionId) -> None:
        self._database.try_write(self._delete(key, connection_id))

    def remove_call(self, key: str, connection_id: ConnectionId) -> Call[bool]:
        return self._database.try_write_call(self._delete(key, connection_id))

    def _delete(self, key: str, connection_id: ConnectionId) -> Write:
        return self._table.delete({"topicKey": key, "connectionId": connection_id})

    def move(self, key: str, old: ConnectionId, new: ConnectionId) -> None:
        """Move a subscription to another connection, so that never both get a message."""
        subscription = self._table.get({"topicKey": key, "connectionId": old})
        if subscription is None:
            return
        self._database.transact(
            ("new", self._table.put({**subscription, "connectionId": new})),
            ("old", self._table.delete({"topicKey": key, "connectionId": old})),
        )

    def subscribers(self, key: str) -> Iterator[ConnectionId]:
        items = self._table.query("#topicKey = :topic", values={"topic": key})
        return (ConnectionId(item["connectionId"]) for item in items)

    def of_connection_call(self, connection_id: ConnectionId) -> Call[list[str]]:
        """Return the call for the keys of the topics that a connection subscribes to."""
        query = self._table.query_call(
            "#connectionId = :connection",
            values={"connection": connection_id},
            index="connectionId-index",
        )
        return query.then(lambda items: [item["topicKey"] for item in items])

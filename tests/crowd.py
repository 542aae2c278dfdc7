"""Many listeners at once, put straight into the tables: joining one by one takes too long."""

from collections import Counter
from collections.abc import Sequence

from chalicelib.domain.types import ConnectionId
from chalicelib.stores.attributes import to_attributes
from tests.stack import Client, Stack

_BATCH = 25


def crowd(
    stack: Stack, session_id: str, size: int, languages: Sequence[str] = ("es",)
) -> list[Client]:
    """So many listeners of a session, in these languages by turns, with open sockets."""
    session = stack.session_item(session_id)
    counts: list[Counter[str]] = [
        Counter(shard["languageCounts"]) for shard in stack.shards(session_id)
    ]
    clients, items = [], []
    for number in range(size):
        language, shard = languages[number % len(languages)], number % len(counts)
        counts[shard][language] += 1
        connection_id = ConnectionId(f"crowd-{session_id}-{number}")
        clients.append(Client(stack, connection_id, "198.51.100.9", stack.clock.now))
        stack.sockets.open[connection_id] = []
        items.append(
            {
                "connectionId": connection_id,
                "role": "listener",
                "tenantId": session["tenantId"],
                "sessionId": session_id,
                "targetLanguage": language,
                "shard": shard,
                "participantId": f"participant-{number}",
                "joinedPositions": {"*": 0, language: 0} | session["streamPositions"],
                "connectedAt": stack.clock.now,
                "refreshAt": stack.clock.now + 6_000_000,
                "warnAt": stack.clock.now + 6_300_000,
                "messagesReceived": 0,
                "expiresAt": stack.clock.now // 1000 + 14_400,
            }
        )
    _write(stack, items)
    for shard, languages_of_shard in enumerate(counts):
        _count(stack, session_id, shard, languages_of_shard)
    return clients


def ids(clients: Sequence[Client]) -> set[str]:
    """Return the ids of the clients' connections."""
    return {client.connection_id for client in clients}


def _write(stack: Stack, items: Sequence[dict[str, object]]) -> None:
    table = stack.aws.tables["connections"]
    for start in range(0, len(items), _BATCH):
        batch = items[start : start + _BATCH]
        puts = [{"PutRequest": {"Item": to_attributes(item)}} for item in batch]
        stack.database.call("BatchWriteItem", {"RequestItems": {table: puts}})


def _count(stack: Stack, session_id: str, shard: int, languages: Counter[str]) -> None:
    total = languages.total()
    counts = dict(languages)
    stack.change_shard(session_id, shard, listenerCount=total, joins=total, languageCounts=counts)

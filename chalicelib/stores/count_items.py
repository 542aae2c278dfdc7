"""A shard of a session's counts as an item of its table, or as an image in the table's stream."""

from chalicelib.domain.counts import Shard
from chalicelib.domain.types import SessionId
from chalicelib.stores.attributes import Item


def shard_to_item(shard: Shard) -> Item:
    """Return the item of a shard without `expiresAt`, which it gets when it is closed."""
    return {
        "sessionId": shard.session_id,
        "shard": shard.number,
        "isActive": shard.is_active,
        "capacity": shard.capacity,
        "listenerCount": shard.listener_count,
        "joins": shard.joins,
        "languageCounts": dict(shard.language_counts),
    }


def shard_from_item(item: Item) -> Shard:
    """Return the shard of an item, from the table or from an image of its stream."""
    return Shard(
        session_id=SessionId(item["sessionId"]),
        number=item["shard"],
        is_active=item["isActive"],
        capacity=item["capacity"],
        listener_count=item["listenerCount"],
        joins=item["joins"],
        language_counts=item["languageCounts"],
    )

"""The counts of a session's listeners, split into shards so that a crowd does not contend for one.

Each shard counts some of the listeners and has its share of the capacity. A session has as many
shards as its capacity needs, for as long as it lives.
"""

import zlib
from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from chalicelib.domain.session import MAX_LANGUAGES
from chalicelib.domain.types import ConnectionId, SessionId

MAX_SHARDS = 32
_ONE_SHARD_CAPACITY = 50
"""A session of this size needs no more than one shard: its crowd is small."""
_SHARD_CAPACITY = 32
"""Seats of a shard, up to `MAX_SHARDS`. With these sizes 500 joins a second meet an item that
another transaction holds (for some 10 ms) one time in four."""


class Shard(Struct, frozen=True, kw_only=True):
    """One shard of a session's counts. Closed (`is_active` is false) once the session has ended."""

    session_id: SessionId
    number: int
    capacity: int
    is_active: bool = True
    listener_count: int = 0
    joins: int = 0
    """The listeners that have ever joined here. A move to another connection does not count."""
    language_counts: Mapping[str, int] = field(default_factory=dict)
    """The listeners by language. A language that has lost its last one may still stand here."""

    @property
    def unused_languages(self) -> list[str]:
        """The languages that have no listener any more."""
        return [language for language, count in self.language_counts.items() if not count]

    def listeners(self) -> dict[str, int]:
        """Return the listeners by language, without languages that have none."""
        return {language: count for language, count in self.language_counts.items() if count}

    def has_room_for(self, language: str) -> bool:
        """Return True if it counts listeners of this language, or can begin to."""
        return language in self.language_counts or len(self.language_counts) < MAX_LANGUAGES


class Totals(Struct, frozen=True):
    """The counts of a session: the sums over its shards."""

    shards: Sequence[Shard] = ()

    @property
    def listener_count(self) -> int:
        return sum(shard.listener_count for shard in self.shards)

    @property
    def joins(self) -> int:
        return sum(shard.joins for shard in self.shards)

    @property
    def language_counts(self) -> dict[str, int]:
        """The listeners by language, without languages that have none."""
        counts: Counter[str] = Counter()
        for shard in self.shards:
            counts.update(shard.listeners())
        return dict(counts)

    @property
    def is_open(self) -> bool:
        """True while listeners may join: there are shards, and none is closed."""
        return bool(self.shards) and all(shard.is_active for shard in self.shards)

    @property
    def is_final(self) -> bool:
        """True once all shards are closed and count nobody: that stays so."""
        closed = bool(self.shards) and not any(shard.is_active for shard in self.shards)
        return closed and self.listener_count == 0

    def listeners_of(self, language: str | None) -> int:
        """Return the number of listeners, of one language or (None) in total."""
        if language is None:
            return self.listener_count
        return sum(shard.language_counts.get(language, 0) for shard in self.shards)


def shard_count(capacity: int) -> int:
    """Return the number of shards of a session that takes `capacity` listeners."""
    if capacity <= _ONE_SHARD_CAPACITY:
        return 1
    return min(MAX_SHARDS, -(-capacity // _SHARD_CAPACITY))


def new_shards(session_id: SessionId, capacity: int) -> list[Shard]:
    """Return the shards of a new session. Their capacities add up to its own."""
    count = shard_count(capacity)
    share, rest = divmod(capacity, count)
    return [
        Shard(session_id=session_id, number=number, capacity=share + (number < rest))
        for number in range(count)
    ]


def first_choice(connection_id: ConnectionId, shards: int) -> int:
    """Return the shard that a connection tries to join first."""
    return zlib.crc32(connection_id.encode()) % shards

"""The counts table: the listeners of each session, in total and by language, in shards.

Every change but a repair is a write for a transaction of `Membership`, so that the counts stay
exact (invariant 1 of docs/build/architecture.md).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib.domain.counts import Shard, Totals
from chalicelib.domain.session import MAX_LANGUAGES
from chalicelib.domain.types import Millis, SessionId
from chalicelib.stores.calls import Call, Together
from chalicelib.stores.count_items import shard_from_item, shard_to_item
from chalicelib.stores.dynamodb import DynamoDB
from chalicelib.stores.table import Database, Table, Write

_ROOM_FOR_LANGUAGE = (
    "(attribute_exists(#languageCounts.#language) OR size(#languageCounts) < :most)"
)
_REMOVALS = 50
"""Languages that one update removes: an expression may be 4 KB long."""


class ListenerCounts:
    def __init__(self, dynamodb: DynamoDB, table: str) -> None:
        self._table = Table(dynamodb, table)
        self._database = Database(dynamodb)
        self._together = Together(dynamodb)

    def totals(self, session_id: SessionId, *, consistent: bool = True) -> Totals:
        """Return the counts of a session, without any shard if it never was or is long gone.

        A read that need not be consistent costs half.
        """
        (totals,) = self._together(self.totals_call(session_id, consistent=consistent))
        return totals

    def totals_call(self, session_id: SessionId, *, consistent: bool = True) -> Call[Totals]:
        query = self._table.query_call(
            "#sessionId = :session", values={"session": session_id}, consistent=consistent
        )
        return query.then(lambda items: Totals([shard_from_item(item) for item in items]))

    def get(self, session_id: SessionId, number: int) -> Shard | None:
        """Return one shard by a consistent read."""
        item = self._table.get(_key(session_id, number), consistent=True)
        return shard_from_item(item) if item else None

    def put_new(self, shard: Shard) -> Write:
        return self._table.put(shard_to_item(shard), "attribute_not_exists(#sessionId)")

    def add(self, session_id: SessionId, number: int, language: str) -> Write:
        """Count one listener more, unless the shard is full or closed.

        The capacity is part of the condition, so it holds however many join at once.
        """
        return self._table.update(
            _key(session_id, number),
            "SET #listenerCount = #listenerCount + :one, #joins = #joins + :one,"
            " #languageCounts.#language = if_not_exists(#languageCounts.#language, :zero) + :one",
            condition=f"#isActive = :true AND #listenerCount < #capacity AND {_ROOM_FOR_LANGUAGE}",
            values={"one": 1, "zero": 0, "true": True, "most": MAX_LANGUAGES},
            names={"language": language},
        )

    def remove(self, session_id: SessionId, number: int, languages: Mapping[str, int]) -> Write:
        """Subtract listeners from the counts, by language; no count goes below 0 or is created."""
        total = sum(languages.values())
        changes, conditions = [], []
        names, values = {}, {"total": total}
        for index, (language, count) in enumerate(languages.items()):
            names[f"language{index}"] = language
            values[f"count{index}"] = count
            path = f"#languageCounts.#language{index}"
            changes.append(f"{path} = {path} - :count{index}")
            conditions.append(f"{path} >= :count{index}")
        return self._table.update(
            _key(session_id, number),
            "SET #listenerCount = #listenerCount - :total, " + ", ".join(changes),
            condition=" AND ".join(["#listenerCount >= :total", *conditions]),
            values=values,
            names=names,
        )

    def move(self, session_id: SessionId, number: int, old: str, new: str) -> Write:
        """Move one listener from a language's count to another's. The total stays the same."""
        return self._table.update(
            _key(session_id, number),
            "SET #languageCounts.#old = #languageCounts.#old - :one,"
            " #languageCounts.#language = if_not_exists(#languageCounts.#language, :zero) + :one",
            condition="#isActive = :true AND #languageCounts.#old >= :one"
            f" AND {_ROOM_FOR_LANGUAGE}",
            values={"one": 1, "zero": 0, "true": True, "most": MAX_LANGUAGES},
            names={"old": old, "language": new},
        )

    def close_call(self, shard: Shard, expires_at: Millis) -> Call[bool]:
        """Return the call that lets nobody join a shard any more, and sets its time to live.

        Only a closed shard has one, or it would expire under a session that goes on for days.
        The result is False if it is closed already, or gone.
        """
        return self._change_call(
            shard,
            "SET #isActive = :false, #expiresAt = :expiresAt",
            "#isActive = :true",
            {"true": True, "false": False, "expiresAt": expires_at // 1000},
        )

    def remove_unused_languages(self, shard: Shard) -> None:
        """Remove languages that have no listener any more.

        One that has got another meanwhile stays, and with it those of the same update: its next
        change comes here again.
        """
        for languages in _batches(shard.unused_languages):
            names = {f"language{index}": language for index, language in enumerate(languages)}
            paths = [f"#languageCounts.#{name}" for name in names]
            self._change(
                shard,
                "REMOVE " + ", ".join(paths),
                " AND ".join(f"{path} = :zero" for path in paths),
                {"zero": 0},
                names,
            )

    def repair(self, seen: Shard, found: Mapping[str, int]) -> bool:
        """Set the counts to the listeners `found`, by language, if they are still as in `seen`.

        Return False if they are not, or if the session has ended.
        """
        return self._change(
            seen,
            "SET #languageCounts = :found, #listenerCount = :total",
            "#isActive = :active AND #languageCounts = :seen AND #listenerCount = :known"
            " AND #joins = :joins",
            {
                "active": True,
                "found": dict(found),
                "total": sum(found.values()),
                "seen": dict(seen.language_counts),
                "known": seen.listener_count,
                "joins": seen.joins,
            },
        )

    def _change(
        self,
        shard: Shard,
        change: str,
        condition: str,
        values: Mapping[str, Any],
        names: Mapping[str, str] | None = None,
    ) -> bool:
        """Update a shard. Return False if the condition is false."""
        (done,) = self._together(self._change_call(shard, change, condition, values, names))
        return done

    def _change_call(
        self,
        shard: Shard,
        change: str,
        condition: str,
        values: Mapping[str, Any],
        names: Mapping[str, str] | None = None,
    ) -> Call[bool]:
        key = _key(shard.session_id, shard.number)
        update = self._table.update(key, change, condition=condition, values=values, names=names)
        return self._database.try_write_call(update)


def _key(session_id: SessionId, number: int) -> dict[str, Any]:
    return {"sessionId": session_id, "shard": number}


def _batches(languages: Sequence[str]) -> list[Sequence[str]]:
    return [languages[start : start + _REMOVALS] for start in range(0, len(languages), _REMOVALS)]

"""The listener counts of a session, in total and by language.

They are attributes of the session's item. Every change but a repair is a write for a transaction of
`Membership`, so that the counts stay exact (invariant 1 of docs/build/architecture.md).
"""

from collections.abc import Mapping

from chalicelib.domain.session import MAX_LANGUAGES, Session
from chalicelib.domain.types import SessionId
from chalicelib.stores.dynamodb import DynamoDB
from chalicelib.stores.table import Database, Table, Write

_ROOM_FOR_LANGUAGE = (
    "(attribute_exists(#languageCounts.#language) OR size(#languageCounts) < :most)"
)


class ListenerCounts:
    def __init__(self, dynamodb: DynamoDB, table: str) -> None:
        self._table = Table(dynamodb, table)
        self._database = Database(dynamodb)

    def add(self, session_id: SessionId, language: str, capacity: int) -> Write:
        """Count one listener more, unless the session is full.

        The capacity is part of the condition, so it holds however many join at once.
        """
        return self._table.update(
            {"sessionId": session_id},
            "SET #listenerCount = #listenerCount + :one, #joins = #joins + :one,"
            " #languageCounts.#language = if_not_exists(#languageCounts.#language, :zero) + :one",
            condition=f"#isActive = :true AND #listenerCount < :capacity AND {_ROOM_FOR_LANGUAGE}",
            values={
                "one": 1,
                "zero": 0,
                "true": True,
                "capacity": capacity,
                "most": MAX_LANGUAGES,
            },
            names={"language": language},
        )

    def remove(self, session_id: SessionId, languages: Mapping[str, int]) -> Write:
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
            {"sessionId": session_id},
            "SET #listenerCount = #listenerCount - :total, " + ", ".join(changes),
            condition=" AND ".join(["#listenerCount >= :total", *conditions]),
            values=values,
            names=names,
        )

    def move(self, session_id: SessionId, old: str, new: str) -> Write:
        """Move one listener from a language's count to another's. The total stays the same."""
        return self._table.update(
            {"sessionId": session_id},
            "SET #languageCounts.#old = #languageCounts.#old - :one,"
            " #languageCounts.#language = if_not_exists(#languageCounts.#language, :zero) + :one",
            condition="#isActive = :true AND #languageCounts.#old >= :one"
            f" AND {_ROOM_FOR_LANGUAGE}",
            values={"one": 1, "zero": 0, "true": True, "most": MAX_LANGUAGES},
            names={"old": old, "language": new},
        )

    def repair(self, seen: Session, found: Mapping[str, int]) -> bool:
        """Set the counts to the listeners `found`, by language, if they are still as in `seen`.

        Return False if they are not, or if the session has ended.
        """
        return self._database.try_write(
            self._table.update(
                {"sessionId": seen.session_id},
                "SET #languageCounts = :found, #listenerCount = :total",
                condition="#isActive = :active"
                " AND #languageCounts = :seen AND #listenerCount = :known",
                values={
                    "active": True,
                    "found": dict(found),
                    "total": sum(found.values()),
                    "seen": dict(seen.language_counts),
                    "known": seen.listener_count,
                },
            )
        )

"""The sums of the sessions' counts, which the stack keeps in shards (PROTOCOL 7)."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

Item = Mapping[str, Any]


def with_totals(tables: Mapping[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """Return the tables with `listenerCount` and `languageCounts` in each session."""
    shards: dict[str, list[Item]] = {}
    for shard in tables.get("counts", []):
        shards.setdefault(shard["sessionId"], []).append(shard)
    sessions = [
        {**session, **_totals(shards.get(session["sessionId"], []))}
        for session in tables.get("sessions", [])
    ]
    return {**tables, "sessions": sessions}


def _totals(shards: Iterable[Item]) -> dict[str, Any]:
    languages: Counter[str] = Counter()
    listeners = 0
    for shard in shards:
        languages.update(shard["languageCounts"])
        listeners += shard["listenerCount"]
    return {"listenerCount": listeners, "languageCounts": dict(+languages)}

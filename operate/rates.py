"""The figures of `watch`: current counts, and rates since the previous snapshot."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """One session; rates are per minute, None in the first snapshot."""

    session: Json
    joins: float | None = None
    broadcasts: float | None = None


@dataclass(frozen=True)
class Snapshot:
    """All sessions at one time, those with the most listeners first."""

    at: float
    """Seconds of a monotonic clock."""
    rows: Sequence[Row]
    languages: Mapping[str, int]
    _known: Mapping[str, Json] = field(default_factory=dict, repr=False)

    @property
    def listeners(self) -> int:
        return sum(row.session["listenerCount"] for row in self.rows)

    def plain(self) -> dict[str, Any]:
        """Return the totals, for scripts."""
        return {
            "sessions": len(self.rows),
            "listeners": self.listeners,
            "languages": dict(self.languages),
            "joinsPerMinute": _sum(row.joins for row in self.rows),
            "broadcastsPerMinute": _sum(row.broadcasts for row in self.rows),
        }


def snapshot(sessions: Sequence[Json], at: float, before: Snapshot | None) -> Snapshot:
    """Compare the sessions with the previous snapshot; a new session counts from its start."""
    languages: Counter[str] = Counter()
    for session in sessions:
        languages.update(session["languages"])
    rows = [_row(session, at, before) for session in sessions]
    rows.sort(key=lambda row: (-row.session["listenerCount"], row.session["sessionId"]))
    known = {session["sessionId"]: session for session in sessions}
    return Snapshot(at, rows, dict(languages.most_common()), known)


def _row(session: Json, at: float, before: Snapshot | None) -> Row:
    if before is None or at <= before.at:
        return Row(session)
    known = before._known.get(session["sessionId"])
    minutes = (at - before.at) / 60
    joins = session["joins"] - (known["joins"] if known else 0)
    broadcasts = _broadcasts(session) - (_broadcasts(known) if known else 0)
    return Row(session, joins / minutes, broadcasts / minutes)


def _broadcasts(session: Json) -> int:
    return sum(session["streams"].values())


def _sum(rates: Any) -> float | None:
    found = [rate for rate in rates if rate is not None]
    return round(sum(found), 1) if found else None

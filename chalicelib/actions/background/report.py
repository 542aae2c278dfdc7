"""sessionReport: a session's history, from samples that its stream of changes has left.

The stream has the counts after every single change, so the peak is exact however short it was.
"""

import json
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from chalicelib.actions.services import Services
from chalicelib.domain.session import Session
from chalicelib.domain.status import distribution
from chalicelib.domain.types import Millis, SessionId
from chalicelib.stores.history import HistoryEntry

_SAMPLES = "@samples"
"""The history stream of samples; no broadcast stream can have that name."""
_KEEP_MILLIS = 7 * 24 * 3_600_000
"""Longer than any session is likely to last: each refresh prolongs it."""
_MAX_BYTES = 100_000
"""The most that `languagesOverTime` may take of the one message that a report is."""


class Sample(Struct, frozen=True):
    """The state of a session after one batch of changes; JSON in the history."""

    at: Millis
    listeners: int
    peak: int
    """The most listeners after any of the batch's changes."""
    joins: int
    languages: dict[str, int]


def sample(services: Services, session_id: SessionId, states: Sequence[Session]) -> None:
    """Keep a sample of one batch of changes. `states` are the session after each, in order."""
    last, now = states[-1], services.clock()
    taken = Sample(
        at=now,
        listeners=last.listener_count,
        peak=max(state.listener_count for state in states),
        joins=last.joins,
        languages=distribution(last.language_counts),
    )
    entry = HistoryEntry(now, msgspec.json.encode(taken).decode(), Millis(now + _KEEP_MILLIS))
    services.history.add(session_id, _SAMPLES, entry)


def build(services: Services, session: Session) -> dict[str, Any]:
    """Return the report: joins and leaves, the peak, languages over time, broadcasts by stream."""
    samples = [
        msgspec.json.decode(entry.message or "", type=Sample)
        for entry in services.history.after(session.session_id, _SAMPLES, 0)
    ]
    return {
        "sessionId": session.session_id,
        "startedAt": session.created_at,
        "duration": (services.clock() - session.created_at) // 1000,
        "joins": session.joins,
        "leaves": session.joins - session.listener_count,
        "listeners": session.listener_count,
        "peak": max([session.listener_count, *(each.peak for each in samples)]),
        "languagesOverTime": _thinned(
            [{"at": each.at, "languages": each.languages} for each in samples]
        ),
        "broadcasts": dict(session.stream_positions),
    }


def _thinned(points: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Drop every second point, repeatedly, until the rest fits; the last one always stays."""
    while len(points) > 1 and len(json.dumps(points)) > _MAX_BYTES:
        points = points[::-2][::-1]
    return points

"""sessionReport: what happened in a session, from samples that its stream left in the history.

The stream carries the counts after every single change, so the peak is exact however short it was.
"""

import json
from collections.abc import Sequence
from typing import Any

from chalicelib.actions.services import Services
from chalicelib.domain.session import Session
from chalicelib.domain.status import distribution
from chalicelib.domain.types import Millis, SessionId
from chalicelib.stores.history import HistoryEntry

_SAMPLES = "@samples"
"""The history stream of samples; no broadcast stream can have that name."""
_KEPT_MILLIS = 7 * 24 * 3_600_000
"""Longer than any session is likely to last: each refresh prolongs it."""
_MOST_BYTES = 100_000
"""What the languages over time may take of the one message that a report is."""


def sample(services: Services, session_id: SessionId, rooms: Sequence[Session]) -> None:
    """Keeps what one batch of the stream shows: the last counts, the highest, who came and went."""
    last = rooms[-1]
    now = services.clock()
    entry = {
        "at": now,
        "listeners": last.listener_count,
        "peak": max(room.listener_count for room in rooms),
        "joins": last.joins,
        "languages": distribution(last.language_counts),
    }
    kept = HistoryEntry(now, json.dumps(entry), Millis(now + _KEPT_MILLIS))
    services.history.keep(session_id, _SAMPLES, kept)


def build(services: Services, session: Session) -> dict[str, Any]:
    """The report: joins and leaves, the peak, languages over time, broadcasts by stream."""
    samples = [
        json.loads(kept.message) for kept in services.history.after(session.session_id, _SAMPLES, 0)
    ]
    return {
        "sessionId": session.session_id,
        "startedAt": session.created_at,
        "duration": (services.clock() - session.created_at) // 1000,
        "joins": session.joins,
        "leaves": session.joins - session.listener_count,
        "listeners": session.listener_count,
        "peak": max([session.listener_count, *(sample["peak"] for sample in samples)]),
        "languagesOverTime": _thinned(
            [{"at": sample["at"], "languages": sample["languages"]} for sample in samples]
        ),
        "broadcasts": dict(session.stream_positions),
    }


def _thinned(points: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every second point, and again, until they fit; the last one always stays."""
    while len(points) > 1 and len(json.dumps(points)) > _MOST_BYTES:
        points = points[::-2][::-1]
    return points

"""sessionReport: a session's history, from samples that the stream of its counts has left.

The stream has every single change of a session in order, so the peak is exact however short it was.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any

import msgspec
from msgspec import Struct, field

from chalicelib.actions.services import Services
from chalicelib.domain.counts import Shard
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
    """One batch of changes of a session's counts; JSON in the history.

    A repeated batch leaves the same sample twice, which changes nothing.
    """

    at: Millis
    shards: dict[int, dict[str, int]] = field(default_factory=dict)
    """The listeners by language of each shard that has changed, after the batch."""
    above: int = 0
    """By how many listeners the session had more at some moment of the batch than after it."""
    peak: int = 0
    languages: dict[str, int] | None = None
    """Of a sample of version 0.1.0, which has the whole session; else None."""


class _Moment(Struct, frozen=True):
    """A session after one batch of changes."""

    at: Millis
    peak: int
    """The most listeners after any of the batch's changes."""
    languages: dict[str, int]


def sample(
    services: Services,
    session_id: SessionId,
    changes: Sequence[tuple[Shard, Shard]],
    sequence_number: str,
) -> None:
    """Keep a sample of one batch of changes, in order: each is a shard before and after.

    `sequence_number` is that of the last one, and tells apart samples of one millisecond.
    """
    now = services.clock()
    steps = [new.listener_count - old.listener_count for old, new in changes]
    running = list(accumulate(steps))
    taken = Sample(
        at=now,
        shards={new.number: new.listeners() for _, new in changes},
        above=max(running) - running[-1],
    )
    seq = now * 1000 + int(sequence_number) % 1000
    entry = HistoryEntry(seq, msgspec.json.encode(taken).decode(), Millis(now + _KEEP_MILLIS))
    services.history.add(session_id, _SAMPLES, entry)


def build(services: Services, session: Session) -> dict[str, Any]:
    """Return the report: joins and leaves, the peak, languages over time, broadcasts by stream."""
    totals = services.counts.totals(session.session_id)
    moments = list(
        _moments(
            msgspec.json.decode(entry.message or "", type=Sample)
            for entry in services.history.after(session.session_id, _SAMPLES, 0)
        )
    )
    return {
        "sessionId": session.session_id,
        "startedAt": session.created_at,
        "duration": (services.clock() - session.created_at) // 1000,
        "joins": totals.joins,
        "leaves": totals.joins - totals.listener_count,
        "listeners": totals.listener_count,
        "peak": max([totals.listener_count, *(each.peak for each in moments)]),
        "languagesOverTime": _thinned(
            [{"at": each.at, "languages": each.languages} for each in moments]
        ),
        "broadcasts": dict(session.stream_positions),
    }


def _moments(samples: Iterable[Sample]) -> Iterator[_Moment]:
    """Yield the whole session after each sample: shards that it lacks have not changed."""
    shards: dict[int, dict[str, int]] = {}
    for taken in samples:
        if taken.languages is not None:
            yield _Moment(taken.at, taken.peak, taken.languages)
            continue
        shards |= taken.shards
        languages: Counter[str] = Counter()
        for listeners in shards.values():
            languages.update(listeners)
        peak = languages.total() + taken.above
        yield _Moment(taken.at, peak, distribution(languages))


def _thinned(points: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Drop every second point, repeatedly, until the rest fits; the last one always stays."""
    while len(points) > 1 and len(json.dumps(points)) > _MAX_BYTES:
        points = points[::-2][::-1]
    return points

"""The status of a session: its content, and when it is due (PROTOCOL section 5)."""

from collections.abc import Mapping
from typing import Literal

from chalicelib.domain.counts import Totals
from chalicelib.domain.session import Session, StatusSent

UNKNOWN_LANGUAGE = "unknown"
"""The language that a missing or empty one is counted as."""

CHANGE = 0.10
"""The share of the last count that was sent by which it must change to be sent again."""


def distribution(counts: Mapping[str, int]) -> dict[str, int]:
    """Return the listeners by language, largest first. Languages without any are left out."""
    merged: dict[str, int] = {}
    for language, count in counts.items():
        if count > 0:
            name = language or UNKNOWN_LANGUAGE
            merged[name] = merged.get(name, 0) + count
    return dict(sorted(merged.items(), key=lambda entry: (-entry[1], entry[0])))


def trigger(
    session: Session, totals: Totals
) -> Literal["listenerCountChange", "newLanguage"] | None:
    """Return the reason for which a status is due now, if any. A new language comes first."""
    sent = session.status_sent or StatusSent(0, frozenset(), session.created_at)
    if not distribution(totals.language_counts).keys() <= sent.languages:
        return "newLanguage"
    moved = abs(totals.listener_count - sent.count)
    if moved > sent.count * CHANGE:
        return "listenerCountChange"
    return None

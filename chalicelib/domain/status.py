"""When a speaker is told how many listen, and what (PROTOCOL section 5)."""

from collections.abc import Mapping
from typing import Literal

from chalicelib.domain.session import Session, StatusSent

UNKNOWN_LANGUAGE = "unknown"
"""What a language that is missing or empty is counted as."""

CHANGE = 0.10
"""The count has to move by more than this share of what was said last."""


def distribution(counts: Mapping[str, int]) -> dict[str, int]:
    """Listeners by language, those with the most first; languages without any are left out."""
    merged: dict[str, int] = {}
    for language, count in counts.items():
        if count > 0:
            name = language or UNKNOWN_LANGUAGE
            merged[name] = merged.get(name, 0) + count
    return dict(sorted(merged.items(), key=lambda entry: (-entry[1], entry[0])))


def trigger(session: Session) -> Literal["listenerCountChange", "newLanguage"] | None:
    """Why a status is due right now, if one is; a new language wins over the count."""
    sent = session.status_sent or StatusSent(0, frozenset(), session.created_at)
    if not distribution(session.language_counts).keys() <= sent.languages:
        return "newLanguage"
    moved = abs(session.listener_count - sent.count)
    if moved > sent.count * CHANGE:
        return "listenerCountChange"
    return None

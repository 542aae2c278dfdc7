"""One value of the data points of a period, by CloudWatch's names of statistics."""

import re
from collections.abc import Callable, Mapping, Sequence

_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d+)?|100)\Z")
_OF: Mapping[str, Callable[[Sequence[float]], float]] = {
    "Sum": sum,
    "Average": lambda points: sum(points) / len(points),
    "Minimum": min,
    "Maximum": max,
    "SampleCount": len,
}


class UnknownStatisticError(Exception):
    """A statistic that is not known here; the text is its name."""


def value_of(points: Sequence[float], statistic: str) -> float | None:
    """The statistic (`Sum`, `p95`, …) of these values; None if there are none.

    Raises:
        UnknownStatisticError: for trimmed means and the like.
    """
    if not points:
        return None
    if match := _PERCENTILE.match(statistic):
        return percentile(points, float(match[1]))
    if statistic not in _OF:
        raise UnknownStatisticError(statistic)
    return _OF[statistic](points)


def percentile(points: Sequence[float], percent: float) -> float:
    """The value below which so many percent lie, interpolated between neighbours."""
    ordered = sorted(points)
    place = (len(ordered) - 1) * percent / 100
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)

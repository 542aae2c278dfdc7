"""EventBridge's schedule expressions: `rate(…)` and `cron(…)`."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from chalicelib.domain.types import Millis

_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)\Z")
_CRON = re.compile(r"cron\((.+)\)\Z")
_UNIT_MILLIS = {"minute": 60_000, "hour": 3_600_000, "day": 86_400_000}
_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
_DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]

Next = Callable[[Millis], Millis]
"""Returns the next time at which a rule fires after the given one."""


class ExpressionError(Exception):
    """A schedule expression that is not supported; the text quotes it."""


def parse(expression: str) -> Next:
    """Parse `rate(5 minutes)` or `cron(0/15 8-17 ? * MON-FRI *)`. Raises ExpressionError."""
    if match := _RATE.match(expression):
        period = int(match[1]) * _UNIT_MILLIS[match[2]]
        if period:
            return lambda now: Millis(now + period)
    if match := _CRON.match(expression):
        return _cron(expression, match[1].split())
    raise ExpressionError(f"cannot understand the schedule {expression!r}")


def _cron(expression: str, fields: list[str]) -> Next:
    try:
        minutes, hours, days, months, weekdays, years = fields
        allowed = (
            _values(minutes, 0, 59),
            _values(hours, 0, 23),
            _values(days, 1, 31),
            _values(months, 1, 12, _MONTHS),
            _values(weekdays, 1, 7, _DAYS),
            _values(years, 1970, 2199),
        )
    except ValueError:
        raise ExpressionError(f"cannot understand the schedule {expression!r}") from None

    def matches(moment: datetime) -> bool:
        weekday = moment.isoweekday() % 7 + 1
        current = (moment.minute, moment.hour, moment.day, moment.month, weekday, moment.year)
        return all(value in values for value, values in zip(current, allowed, strict=True))

    def following(now: Millis) -> Millis:
        moment = datetime.fromtimestamp(now / 1000, UTC).replace(second=0, microsecond=0)
        for _ in range(366 * 24 * 60):
            moment += timedelta(minutes=1)
            if matches(moment):
                return Millis(int(moment.timestamp() * 1000))
        raise ExpressionError(f"the schedule {expression!r} does not fire within a year")

    return following


def _values(text: str, least: int, most: int, names: list[str] | None = None) -> set[int]:
    """Return the numbers that one field of a cron expression allows. Raises ValueError."""
    values: set[int] = set()
    for part in text.upper().split(","):
        span, _, step = part.partition("/")
        low, dash, high = span.partition("-")
        if low in ("*", "?"):
            first, last = least, most
        else:
            first = _number(low, names, least)
            last = _number(high, names, least) if dash else most if step else first
        if not least <= first <= last <= most:
            raise ValueError(part)
        values.update(range(first, last + 1, int(step or 1)))
    return values


def _number(text: str, names: list[str] | None, least: int) -> int:
    return names.index(text) + least if names and text in names else int(text)

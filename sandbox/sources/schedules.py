"""EventBridge's rules: functions that are called by the clock."""

import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.domain.types import Millis
from sandbox.clock import Activity, Clock
from sandbox.functions.functions import Function, FunctionError
from sandbox.functions.pool import Pool
from sandbox.http.identifiers import ACCOUNT, REGION
from sandbox.sources.app_sources import Schedule

_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)\Z")
_CRON = re.compile(r"cron\((.+)\)\Z")
_UNIT_MILLIS = {"minute": 60_000, "hour": 3_600_000, "day": 86_400_000}
_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
_DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]

Next = Callable[[Millis], Millis]
"""From one time to the next at which a rule fires."""


class ExpressionError(Exception):
    """A schedule expression that is not understood; the text repeats it."""


class Schedules:
    """Calls each scheduled function when it is due, and any of them on request."""

    def __init__(
        self,
        schedules: list[Schedule],
        functions: dict[str, Function],
        *,
        clock: Clock,
        pool: Pool,
        activity: Activity,
    ) -> None:
        self._functions = {each.function: functions[each.function] for each in schedules}
        self._next = {each.function: parse(each.expression) for each in schedules}
        self._clock = clock
        self._pool = pool
        self._activity = activity

    def start(self) -> None:
        """From now on, each rule fires by the clock."""
        for name in self._functions:
            self._set(name, self._clock())

    @property
    def names(self) -> list[str]:
        """The functions that have a schedule."""
        return list(self._functions)

    def run(self, name: str) -> Any:
        """Calls one function now, in this thread, and answers what it returned.

        Raises:
            KeyError: no function of that name has a schedule.
            FunctionError: it raised.
        """
        return self._functions[name](scheduled_event(name, self._clock()))

    def _set(self, name: str, now: Millis) -> None:
        due = self._next[name](now)

        def fire() -> None:
            self._set(name, due)
            self._activity.begin()
            self._pool.submit(work)

        def work() -> None:
            try:
                self._functions[name](scheduled_event(name, due))
            except FunctionError:
                pass  # it is logged, and EventBridge's rule fires again by itself
            finally:
                self._activity.end()

        self._clock.at(due, fire)


def scheduled_event(name: str, now: Millis) -> dict[str, Any]:
    """What EventBridge sends to a rule's target."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": datetime.fromtimestamp(now / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": REGION,
        "resources": [f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{name}"],
        "detail": {},
    }


def parse(expression: str) -> Next:
    """The rule of `rate(5 minutes)` or `cron(0/15 8-17 ? * MON-FRI *)`. Raises ExpressionError."""
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
        here = (moment.minute, moment.hour, moment.day, moment.month)
        weekday = moment.isoweekday() % 7 + 1
        return all(
            value in some
            for value, some in zip((*here, weekday, moment.year), allowed, strict=True)
        )

    def following(now: Millis) -> Millis:
        moment = datetime.fromtimestamp(now / 1000, UTC).replace(second=0, microsecond=0)
        for _ in range(366 * 24 * 60):
            moment += timedelta(minutes=1)
            if matches(moment):
                return Millis(int(moment.timestamp() * 1000))
        raise ExpressionError(f"the schedule {expression!r} does not fire within a year")

    return following


def _values(text: str, least: int, most: int, names: list[str] | None = None) -> set[int]:
    """The numbers that one field of a cron expression allows."""
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

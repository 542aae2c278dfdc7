"""EventBridge's schedule expressions, as far as the stack uses them: `rate(…)`."""

import re
from collections.abc import Callable

from chalicelib.domain.types import Millis

_RATE = re.compile(r"rate\(([1-9]\d*) (minute|hour|day)s?\)\Z")
_UNIT_MILLIS = {"minute": 60_000, "hour": 3_600_000, "day": 86_400_000}

Next = Callable[[Millis], Millis]
"""Returns the next time at which a rule fires after the given one."""


class ExpressionError(Exception):
    """A schedule expression that is not supported; the text quotes it."""


def parse(expression: str) -> Next:
    """Parse `rate(5 minutes)`. Raises ExpressionError."""
    match = _RATE.match(expression)
    if match is None:
        raise ExpressionError(f"not a rate, such as rate(5 minutes): {expression!r}")
    period = int(match[1]) * _UNIT_MILLIS[match[2]]
    return lambda now: Millis(now + period)

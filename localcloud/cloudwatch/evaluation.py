"""The state of an alarm, out of the values of its periods. No I/O.

CloudWatch User Guide, "Alarm evaluation" and "Configuring how CloudWatch alarms treat missing
data". A difference: CloudWatch looks at some periods before the evaluation periods, too, where
data are missing.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

OK, ALARM, INSUFFICIENT = "OK", "ALARM", "INSUFFICIENT_DATA"

COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}


@dataclass(frozen=True)
class Rules:
    """When an alarm goes off."""

    comparison: str
    threshold: float
    periods: int
    to_alarm: int
    """How many of the periods must breach."""
    missing: str
    """`missing`, `ignore`, `breaching`, `notBreaching`."""


def state_of(values: Sequence[float | None], rules: Rules, before: str) -> str:
    """The state; `values` are those of the evaluation periods, `before` is what it was.

    Raises:
        KeyError: a comparison with a band of anomalies is not known here.
    """
    breaches = COMPARISONS[rules.comparison]
    present = [value for value in values if value is not None]
    if not present and rules.missing == "missing":
        return INSUFFICIENT
    if not present and rules.missing == "ignore":
        return before
    breaching = sum(breaches(value, rules.threshold) for value in present)
    if rules.missing == "breaching":
        breaching += len(values) - len(present)
    return ALARM if breaching >= rules.to_alarm else OK

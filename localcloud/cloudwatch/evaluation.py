"""The state of an alarm, from the data points of its metrics.

CloudWatch User Guide, "Alarm evaluation" and "Configuring how CloudWatch alarms treat missing
data". CloudWatch also looks at some periods before the evaluation periods where data are missing;
this does not. Supported is what Lectern's alarms use: one metric or the sum of several, above or
below a threshold in every period, where missing data breach or do not.
"""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from localcloud.metrics import Metric, MetricStore

OK, ALARM, INSUFFICIENT_DATA = "OK", "ALARM", "INSUFFICIENT_DATA"
SUM_OF_ALL = "SUM(METRICS())"
T = TypeVar("T")
_PERCENTILE = re.compile(r"p(\d+(?:\.\d+)?)")

_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
}
_STATISTICS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "Sum": sum,
    "Maximum": max,
}
_MISSING_BREACHES = {"breaching": True, "notBreaching": False}


class UnsupportedAlarmError(Exception):
    """The alarm uses something that is not evaluated here; the text names it."""


def period_values(alarm: Any, store: MetricStore, end: int) -> list[float | None]:
    """Return the values of moto's `alarm` in its evaluation periods, the newest first.

    `end` is the end of the newest period in milliseconds. A period without data has None.

    Raises:
        UnsupportedAlarmError: the alarm's statistic or expression is not supported.
    """
    length = _period(alarm) * 1000
    ends = range(end, end - int(alarm.evaluation_periods) * length, -length)
    return [_value(alarm, store, each - length, each) for each in ends]


def state_of(alarm: Any, values: Sequence[float | None]) -> str:
    """Return the state of moto's `alarm` whose evaluation periods have these values.

    Raises:
        UnsupportedAlarmError: the comparison, or what missing data mean, is not supported.
    """
    breaches = _known(_COMPARISONS, alarm.comparison_operator)
    missing_breaches = _known(_MISSING_BREACHES, alarm.treat_missing_data)
    breaching = [
        missing_breaches if value is None else breaches(value, float(alarm.threshold))
        for value in values
    ]
    return ALARM if all(breaching) else OK


def statistic(values: Sequence[float], name: str) -> float | None:
    """Return the statistic `name` (`Sum`, `p95`) of a period's values; None if there are none.

    Raises:
        UnsupportedAlarmError: the statistic is not supported, such as a trimmed mean.
    """
    if not values:
        return None
    if match := _PERCENTILE.fullmatch(name):
        return _percentile(sorted(values), float(match[1]))
    return _known(_STATISTICS, name)(values)


def _period(alarm: Any) -> int:
    """Return the length of the alarm's periods in seconds."""
    stats = [each.metric_stat for each in alarm.metric_data_queries if each.metric_stat]
    return int(stats[0].period if stats else alarm.period)


def _value(alarm: Any, store: MetricStore, start: int, end: int) -> float | None:
    queries = alarm.metric_data_queries
    if not queries:
        values = store.between(_metric(alarm), start, end)
        return statistic(values, alarm.extended_statistic or alarm.statistic)
    expressions = [each.expression for each in queries if each.expression]
    if expressions != [SUM_OF_ALL]:
        raise UnsupportedAlarmError(f"the expressions {expressions}")
    stats = [each.metric_stat for each in queries if each.metric_stat]
    found = [
        statistic(store.between(_metric(each.metric), start, end), each.stat) for each in stats
    ]
    present = [each for each in found if each is not None]
    return sum(present) if present else None


def _metric(named: Any) -> Metric:
    dimensions = {each.name: each.value for each in named.dimensions}
    return Metric.of(named.namespace, named.metric_name, dimensions)


def _percentile(ordered: Sequence[float], percent: float) -> float:
    """Return the percentile of ordered values, interpolated between neighbours."""
    position = (len(ordered) - 1) * percent / 100
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)


def _known(known: Mapping[str, T], name: str) -> T:
    if name not in known:
        raise UnsupportedAlarmError(name)
    return known[name]

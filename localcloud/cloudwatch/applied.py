"""Alarms as they were applied, read from the control plane at each evaluation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.cloudwatch.evaluation import Rules
from localcloud.metrics import Metric


@dataclass(frozen=True)
class Query:
    """One metric and its statistic, or an expression over other queries."""

    metric: Metric | None
    statistic: str
    expression: str


@dataclass(frozen=True)
class Watch:
    """What an alarm looks at: queries by id, of which one is compared."""

    name: str
    rules: Rules
    period: int
    """Seconds."""
    queries: Mapping[str, Query]
    compared: str


def watch_of(alarm: Any) -> Watch:
    """What moto's alarm looks at, if it is no composite one."""
    periods = int(alarm.evaluation_periods)
    rules = Rules(
        comparison=alarm.comparison_operator,
        threshold=float(alarm.threshold),
        periods=periods,
        to_alarm=int(alarm.datapoints_to_alarm or periods),
        missing=alarm.treat_missing_data or "missing",
    )
    if alarm.metric_data_queries:
        return _of_queries(alarm, rules)
    dimensions = {each.name: each.value for each in alarm.dimensions}
    metric = Metric.of(alarm.namespace, alarm.metric_name, dimensions)
    query = Query(metric, alarm.extended_statistic or alarm.statistic, "")
    return Watch(alarm.name, rules, int(alarm.period), {"m": query}, "m")


def _of_queries(alarm: Any, rules: Rules) -> Watch:
    queries: dict[str, Query] = {}
    compared, period = "", 60
    for each in alarm.metric_data_queries:
        queries[each.id] = _query(each)
        if each.metric_stat:
            period = max(period, int(each.metric_stat.period))
        if str(each.return_data).lower() != "false":
            compared = each.id
    return Watch(alarm.name, rules, period, queries, compared)


def _query(given: Any) -> Query:
    if given.expression:
        return Query(None, "", given.expression)
    metric = given.metric_stat.metric
    dimensions = {each.name: each.value for each in metric.dimensions}
    named = Metric.of(metric.namespace, metric.metric_name, dimensions)
    return Query(named, given.metric_stat.stat, "")

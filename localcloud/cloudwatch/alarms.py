"""Every minute of the account's clock: gauges become data points, and every alarm is evaluated.

An alarm's state is kept in the control plane, where `aws cloudwatch describe-alarms` finds it.
"""

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from localcloud.cloudwatch.actions import Actions
from localcloud.cloudwatch.applied import Query, Watch, watch_of
from localcloud.cloudwatch.composite import UnknownRuleError, holds
from localcloud.cloudwatch.emf import points_of
from localcloud.cloudwatch.evaluation import ALARM, INSUFFICIENT, OK, state_of
from localcloud.cloudwatch.expressions import UnknownExpressionError, evaluate
from localcloud.cloudwatch.queue_metrics import of_queues
from localcloud.cloudwatch.statistics import UnknownStatisticError, value_of
from localcloud.cloudwatch.table_metrics import count
from localcloud.context import Context
from sandbox.control.metrics import Metrics

logger = logging.getLogger(__name__)

MINUTE = 60_000
HISTORY = 100
"""Changes of an alarm's state that are kept."""


class Alarms:
    """Takes what functions write, and keeps the applied alarms' states."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._metrics = Metrics(lambda _: None, self._add)
        self._actions = Actions(context)
        context.on_apply.append(self._actions.look)

    def start(self) -> None:
        """From the next whole minute on."""
        due = (self._context.clock() // MINUTE + 1) * MINUTE
        self._context.clock.at(due, lambda: self._begin(due))

    def line(self, _: str, line: str) -> None:
        """One line that a function wrote; metrics in it are kept."""
        self._metrics.line(line)

    def emitted(self) -> list[dict[str, Any]]:
        """The metric documents so far, newest last."""
        return self._metrics.emitted

    def refused(self, operation: str, request: Mapping[str, Any], refusal: str) -> None:
        """A call of DynamoDB that was not carried out, and the JSON that says why."""
        count(self._context.metrics, self._context.clock(), operation, request, refusal)

    def evaluate(self, end: int) -> None:
        """MetricStore queues and evaluates every alarm. Not on the cloud's loop.

        `end` is the whole minute at which the latest period ended, not the time at which a thread
        came to it: periods that move with the load of the machine would count a point twice.
        """
        for metric, value in of_queues(self._context, end):
            self._context.metrics.add(metric, end - 1, value)
        alarms = list(self._context.backend("cloudwatch").describe_alarms())
        for alarm in alarms:
            if not alarm.rule:
                self._update(alarm, watch_of(alarm), end)
        self._compose(alarms, end)
        self._context.cloud.run(self._actions.look)

    def _begin(self, due: int) -> None:
        self._context.activity.begin()
        self.start()

        def work() -> None:
            try:
                self.evaluate(due)
            finally:
                self._context.activity.end()

        self._context.pool.submit(work)

    def _add(self, document: dict[str, Any]) -> None:
        for metric, point in points_of(document):
            self._context.metrics.add(metric, point.at, point.value)

    def _update(self, alarm: Any, watch: Watch, end: int) -> None:
        values: list[float | None] = []
        try:
            values = [self._value(watch, end, back) for back in range(watch.rules.periods)]
            state = state_of(values, watch.rules, alarm.state_value)
        except (UnknownExpressionError, UnknownStatisticError, KeyError) as problem:
            logger.warning("The alarm %s cannot be evaluated here: %s", watch.name, problem)
            state = INSUFFICIENT
        data = {"recentDatapoints": values, "threshold": watch.rules.threshold}
        reason = f"Datapoints {values} against the threshold {watch.rules.threshold}"
        _set(alarm, state, reason, json.dumps(data), end)

    def _compose(self, alarms: list[Any], end: int) -> None:
        """Composite alarms: again while one of them changes, since they may be made of others."""
        states = {name: each.state_value for each in alarms for name in (each.name, each.alarm_arn)}
        composite = [each for each in alarms if each.rule]
        reasons: dict[str, str] = {}
        for _ in composite:
            before = dict(states)
            for alarm in composite:
                state, reasons[alarm.name] = _of_rule(alarm.rule, states)
                states[alarm.name] = states[alarm.alarm_arn] = state
            if states == before:
                break
        for alarm in composite:
            _set(alarm, states[alarm.name], reasons[alarm.name], "{}", end)

    def _value(self, watch: Watch, end: int, back: int) -> float | None:
        """The value of the alarm's period that ended so many periods before `end`."""
        end -= back * watch.period * 1000
        start = end - watch.period * 1000
        values = {
            name: self._of_metric(query, start, end)
            for name, query in watch.queries.items()
            if query.metric
        }
        compared = watch.queries[watch.compared]
        if compared.metric:
            return values[watch.compared]
        return evaluate(compared.expression, values)

    def _of_metric(self, query: Query, start: int, end: int) -> float | None:
        if query.metric is None:
            return None
        return value_of(self._context.metrics.between(query.metric, start, end), query.statistic)


def _of_rule(rule: str, states: Mapping[str, str]) -> tuple[str, str]:
    """The state of a composite alarm, and why."""
    try:
        return (ALARM if holds(rule, states) else OK), f"The rule is {rule}"
    except UnknownRuleError as problem:
        return INSUFFICIENT, f"The rule cannot be evaluated here: {problem}"


def _set(alarm: Any, state: str, reason: str, data: str, at: int) -> None:
    """Its state by the account's clock; moto's history has the changes, the last of them."""
    if state != alarm.state_value:
        alarm.update_state(reason, data, state)
        del alarm.history[:-HISTORY]
        alarm.state_updated_timestamp = datetime.fromtimestamp(at / 1000, UTC).replace(tzinfo=None)
    alarm.state_reason, alarm.state_reason_data = reason, data

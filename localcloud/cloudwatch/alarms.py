"""Every minute of the account's clock: measure the queues, then evaluate every applied alarm.

The state of an alarm is kept in the control plane, where `aws cloudwatch describe-alarms` finds it.
Actions of alarms are not carried out.
"""

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from localcloud.cloudwatch import table_metrics
from localcloud.cloudwatch.emf import data_points
from localcloud.cloudwatch.evaluation import (
    ALARM,
    INSUFFICIENT_DATA,
    UnsupportedAlarmError,
    period_values,
    state_of,
)
from localcloud.cloudwatch.queue_metrics import measure_queues
from localcloud.context import Context
from sandbox.control.metrics import Metrics

logger = logging.getLogger(__name__)

MINUTE_MILLIS = 60_000
MAX_HISTORY = 100
"""Changes of state that are kept of each alarm."""


class Alarms:
    """Collects metrics and keeps the states of the applied alarms."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._emitted = Metrics(lambda _: None, self._add)

    def start(self) -> None:
        """Evaluate at the next whole minute, and at each one after it."""
        due = (self._context.clock() // MINUTE_MILLIS + 1) * MINUTE_MILLIS
        self._context.clock.at(due, lambda: self._begin(due))

    def on_line(self, line: str) -> None:
        """Keep the metrics of a line that a function wrote."""
        self._emitted.line(line)

    def emitted(self) -> list[dict[str, Any]]:
        """Return the documents in the embedded metric format, the newest last."""
        return self._emitted.emitted

    def on_failed_call(self, operation: str, request: Mapping[str, Any], error: str) -> None:
        """Count a call of DynamoDB that failed; `error` is the JSON of its response."""
        store, now = self._context.metrics, self._context.clock()
        table_metrics.count_failed_call(store, now, operation, request, error)

    def evaluate(self, end: int) -> None:
        """Measure the queues and evaluate every alarm. Must not run on the cloud's loop.

        `end` is the whole minute at which the newest period ended, not the time at which a thread
        got round to it: periods that move with the machine's load would count a point twice.
        """
        measure_queues(self._context, end)
        for alarm in list(self._context.backend("cloudwatch").describe_alarms()):
            self._update(alarm, end)

    def _begin(self, due: int) -> None:
        self.start()
        self._context.run_in_background(lambda: self.evaluate(due))

    def _add(self, document: dict[str, Any]) -> None:
        for metric, point in data_points(document):
            self._context.metrics.add(metric, point.at, point.value)

    def _update(self, alarm: Any, end: int) -> None:
        values: list[float | None] = []
        try:
            values = period_values(alarm, self._context.metrics, end)
            state = state_of(alarm, values)
        except UnsupportedAlarmError as problem:
            logger.warning("The alarm %s cannot be evaluated here: %s", alarm.name, problem)
            state = INSUFFICIENT_DATA
        reason = f"Datapoints {values} were compared with the threshold {alarm.threshold}"
        data = json.dumps({"recentDatapoints": values, "threshold": alarm.threshold})
        if state != alarm.state_value:
            _change_state(alarm, state, reason, data, end)
        alarm.state_reason, alarm.state_reason_data = reason, data


def _change_state(alarm: Any, state: str, reason: str, data: str, at: int) -> None:
    """Set the state, with the account's time in place of the machine's."""
    if ALARM in (state, alarm.state_value):
        logger.warning("The alarm %s changed from %s to %s", alarm.name, alarm.state_value, state)
    alarm.update_state(reason, data, state)
    del alarm.history[:-MAX_HISTORY]
    alarm.state_updated_timestamp = datetime.fromtimestamp(at / 1000, UTC).replace(tzinfo=None)

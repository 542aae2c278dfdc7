"""What moto lacks of CloudWatch: composite alarms, and the state that an alarm begins with.

PutMetricAlarm and PutCompositeAlarm: a new alarm has INSUFFICIENT_DATA until it is evaluated; an
alarm that is put again keeps its state. What a composite alarm comes to is for `alarms/` to say.
"""

import functools
from collections.abc import Callable
from typing import Any

from moto.cloudwatch.models import Alarm, CloudWatchBackend
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import EmptyResult

_OF_A_METRIC = (
    "namespace",
    "metric_name",
    "comparison_operator",
    "evaluation_periods",
    "period",
    "threshold",
    "statistic",
)
_STATE = ("state_value", "state_reason", "state_reason_data", "state_updated_timestamp", "history")


def _put_composite_alarm(self: CloudWatchResponse) -> EmptyResult:
    self.cloudwatch_backend.put_metric_alarm(
        **dict.fromkeys(_OF_A_METRIC),
        name=self._get_param("AlarmName"),
        rule=self._get_param("AlarmRule"),
        description=self._get_param("AlarmDescription"),
        dimensions=[],
        alarm_actions=self._get_param("AlarmActions", []),
        ok_actions=self._get_param("OKActions", []),
        insufficient_data_actions=self._get_param("InsufficientDataActions", []),
        actions_enabled=self._get_bool_param("ActionsEnabled"),
        tags=self._get_param("Tags", []),
    )
    return EmptyResult()


def _put(original: Callable[..., Alarm]) -> Callable[..., Alarm]:
    def put_metric_alarm(self: CloudWatchBackend, *, name: str, **options: Any) -> Alarm:
        before = self.alarms.get(name)
        alarm = original(self, name=name, **options)
        if before is None:
            alarm.state_value = "INSUFFICIENT_DATA"
        else:
            for field in _STATE:
                setattr(alarm, field, getattr(before, field))
        return alarm

    return put_metric_alarm


@functools.cache
def extend() -> None:
    """Adds all of this to moto, once a process."""
    CloudWatchResponse.put_composite_alarm = _put_composite_alarm
    CloudWatchBackend.put_metric_alarm = _put(CloudWatchBackend.put_metric_alarm)

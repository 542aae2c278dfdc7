"""CloudWatch: the state of an alarm that is put, which moto gets wrong.

PutMetricAlarm: a new alarm has INSUFFICIENT_DATA until it is evaluated; an alarm that is put again
keeps its state.
"""

import functools
from collections.abc import Callable
from typing import Any

from moto.cloudwatch.models import Alarm, CloudWatchBackend

_STATE = ("state_value", "state_reason", "state_reason_data", "state_updated_timestamp", "history")


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
    """Extend moto with all of this, once per process."""
    CloudWatchBackend.put_metric_alarm = _put(CloudWatchBackend.put_metric_alarm)

"""Alarms in a world: applied, evaluated, looked at."""

from typing import Any

from localcloud.cloudwatch import Alarms
from tests.localcloud.world import World


def running_alarms(world: World) -> Alarms:
    """Alarms that are evaluated from now on, a whole minute, at each whole minute."""
    world.advance(60 - world.context.clock() / 1000 % 60)
    alarms = Alarms(world.context)
    alarms.start()
    return alarms


def apply_alarm(world: World, name: str, **options: Any) -> None:
    """An alarm that goes off above 0, on the sum of a minute, unless `options` say otherwise."""
    defaults: dict[str, Any] = {
        "name": name,
        "namespace": None,
        "metric_name": None,
        "comparison_operator": "GreaterThanThreshold",
        "evaluation_periods": 1,
        "period": 60,
        "threshold": 0.0,
        "statistic": "Sum",
        "description": "",
        "dimensions": [],
        "alarm_actions": [],
        "treat_missing_data": "notBreaching",
    }
    world.context.backend("cloudwatch").put_metric_alarm(**defaults | options)


def applied_alarm(world: World, name: str) -> Any:
    """moto's alarm."""
    return world.context.backend("cloudwatch").alarms[name]


def alarm_state(world: World, name: str) -> str:
    """Its state."""
    return str(applied_alarm(world, name).state_value)

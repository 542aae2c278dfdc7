"""Metrics of log lines and of the platform, and the alarms on them."""

import json
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from moto.cloudwatch import models as cloudwatch

from localcloud.cloudwatch import Alarms
from localcloud.cloudwatch.evaluation import UnsupportedAlarmError, state_of, statistic
from localcloud.metrics import Metric
from tests.localcloud.world import World

MINUTE = 60_000


@pytest.mark.parametrize(
    ("values", "missing", "state"),
    [
        ([1, 2, 3], "breaching", "OK"),
        ([6, 7, 8], "notBreaching", "ALARM"),
        ([6, 7, 1], "breaching", "OK"),
        ([5, 5, 5], "breaching", "OK"),
        ([None, None, None], "notBreaching", "OK"),
        ([None, None, None], "breaching", "ALARM"),
        ([6, None, None], "breaching", "ALARM"),
        ([1, None, None], "breaching", "OK"),
        ([6, None, 6], "notBreaching", "OK"),
    ],
)
def test_the_state_of_an_alarm(values: Sequence[float | None], missing: str, state: str) -> None:
    alarm = SimpleNamespace(
        comparison_operator="GreaterThanThreshold", threshold=5.0, treat_missing_data=missing
    )

    assert state_of(alarm, values) == state


def test_statistics() -> None:
    values = [float(each) for each in range(1, 101)]

    assert (statistic(values, "Sum"), statistic(values, "Maximum")) == (5050, 100)
    assert statistic(values, "p95") == pytest.approx(95.05)
    assert statistic(values, "p100") == 100
    assert statistic([], "Sum") is None
    with pytest.raises(UnsupportedAlarmError):
        statistic(values, "tm99")


def test_metrics_in_a_line_of_a_function_set_off_an_alarm(world: World) -> None:
    alarms = running_alarms(world)
    dimension = [{"Name": "Code", "Value": "INTERNAL_ERROR"}]
    apply_alarm(world, namespace="Lectern", metric_name="Errors", dimensions=dimension)
    world.advance(60)
    assert alarm_state(world) == "OK"

    alarms.on_line("no metric")
    alarms.on_line(_emf(world, "Errors", 3, Code="OTHER"))
    world.advance(60)
    assert alarm_state(world) == "OK"
    alarms.on_line(_emf(world, "Errors", [1, 2], Code="INTERNAL_ERROR"))
    world.advance(60)
    assert alarm_state(world) == "ALARM"
    world.advance(60)
    assert alarm_state(world) == "OK"
    assert len(alarms.emitted()) == 2


def test_an_evaluation_that_starts_late_counts_for_its_own_minute(world: World) -> None:
    world.advance(60 - world.context.clock() / 1000 % 60)
    alarms = Alarms(world.context)
    apply_alarm(
        world,
        namespace="AWS/SQS",
        metric_name="ApproximateNumberOfMessagesVisible",
        dimensions=[{"Name": "QueueName", "Value": "q"}],
        evaluation_periods=2,
    )
    world.queue("q")
    world.send("q", "a")
    first = (world.context.clock() // MINUTE + 1) * MINUTE

    world.advance(61)  # the thread gets round to it a second late
    alarms.evaluate(first)
    world.advance(59.5)
    alarms.evaluate(first + MINUTE)

    assert alarm_state(world) == "ALARM"
    assert json.loads(applied_alarm(world).state_reason_data)["recentDatapoints"] == [1, 1]


def test_missing_data_are_an_alarm_where_they_breach(world: World) -> None:
    running_alarms(world)
    options = {"comparison_operator": "LessThanThreshold", "threshold": 1.0}
    apply_alarm(
        world, namespace="N", metric_name="Alive", treat_missing_data="breaching", **options
    )
    world.advance(60)
    assert alarm_state(world) == "ALARM"

    world.context.metrics.add(Metric.of("N", "Alive", {}), world.context.clock() + 30_000)
    world.advance(60)

    assert alarm_state(world) == "OK"


def test_throttles_of_tables_are_counted_and_errors_of_callers_are_not(world: World) -> None:
    alarms = running_alarms(world)
    apply_alarm(world, metric_data_queries=_queries("SUM(METRICS())"))
    throttled = '{"__type":"…#ProvisionedThroughputExceededException"}'

    alarms.on_failed_call("GetItem", {"TableName": "u"}, throttled)
    alarms.on_failed_call("GetItem", {"TableName": "t"}, '{"__type":"…#ValidationException"}')
    world.advance(60)
    assert alarm_state(world) == "OK"
    transaction = {"TransactItems": [{"Put": {"TableName": "t"}}]}
    alarms.on_failed_call("TransactWriteItems", transaction, throttled)
    world.advance(60)

    assert alarm_state(world) == "ALARM"


def test_an_alarm_that_is_not_supported_has_insufficient_data(world: World) -> None:
    running_alarms(world)
    apply_alarm(world, metric_data_queries=_queries("ANOMALY_DETECTION_BAND(read)"))

    world.advance(60)

    assert alarm_state(world) == "INSUFFICIENT_DATA"


def test_an_alarm_that_is_put_again_keeps_its_state(world: World) -> None:
    running_alarms(world)
    options = {"namespace": "N", "metric_name": "M", "treat_missing_data": "breaching"}
    apply_alarm(world, **options)
    assert alarm_state(world) == "INSUFFICIENT_DATA"
    world.advance(60)

    apply_alarm(world, **options, description="new")

    assert alarm_state(world) == "ALARM"


def running_alarms(world: World) -> Alarms:
    """Return alarms that are evaluated at each whole minute from now on, a whole minute."""
    world.advance(60 - world.context.clock() / 1000 % 60)
    alarms = Alarms(world.context)
    alarms.start()
    return alarms


def apply_alarm(world: World, **options: Any) -> None:
    """Apply an alarm on a sum above 0 in one minute, or as `options` say."""
    defaults: dict[str, Any] = {
        "name": "alarm",
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


def applied_alarm(world: World) -> Any:
    """Return moto's alarm."""
    return world.context.backend("cloudwatch").alarms["alarm"]


def alarm_state(world: World) -> str:
    """Return the state of the alarm."""
    return str(applied_alarm(world).state_value)


def _queries(expression: str) -> list[Any]:
    """Return an expression over the throttles of the table `t`, as moto has it."""
    dimensions = [cloudwatch.Dimension("TableName", "t")]
    queries = [cloudwatch.MetricDataQuery("all", "", "", "true", expression=expression)]
    for name in ("Read", "Write"):
        metric = cloudwatch.Metric(f"{name}ThrottleEvents", "AWS/DynamoDB", dimensions)
        stat = cloudwatch.MetricStat(metric, "60", "Sum", "Count")
        queries.append(cloudwatch.MetricDataQuery(name.lower(), "", "", "false", metric_stat=stat))
    return queries


def _emf(world: World, name: str, value: Any, **dimensions: str) -> str:
    directive = {
        "Namespace": "Lectern",
        "Dimensions": [list(dimensions)],
        "Metrics": [{"Name": name, "Unit": "Count"}],
    }
    head = {"Timestamp": world.context.clock(), "CloudWatchMetrics": [directive]}
    return json.dumps({"_aws": head, name: value, **dimensions})

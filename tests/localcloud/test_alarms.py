"""Metrics out of log lines and the platform, and the alarms on them."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from moto.cloudwatch import models as cloudwatch

from localcloud.cloudwatch import Alarms
from localcloud.cloudwatch.evaluation import Rules, state_of
from localcloud.cloudwatch.expressions import UnknownExpressionError, evaluate
from localcloud.cloudwatch.statistics import UnknownStatisticError, value_of
from localcloud.metrics import Metric
from tests.localcloud.alarming import (
    alarm_state,
    applied_alarm,
    apply_alarm,
    running_alarms,
)
from tests.localcloud.world import World


@pytest.mark.parametrize(
    ("values", "missing", "to_alarm", "state"),
    [
        ([1, 2, 3], "missing", 3, "OK"),
        ([6, 7, 8], "missing", 3, "ALARM"),
        ([6, 7, 1], "missing", 3, "OK"),
        ([6, 1, 8], "missing", 2, "ALARM"),
        ([5, 5, 5], "missing", 3, "OK"),
        ([None, None, None], "missing", 3, "INSUFFICIENT_DATA"),
        ([None, None, None], "ignore", 3, "before"),
        ([None, None, None], "notBreaching", 3, "OK"),
        ([None, None, None], "breaching", 3, "ALARM"),
        ([6, None, None], "breaching", 3, "ALARM"),
        ([1, None, None], "breaching", 3, "OK"),
        ([6, None, 6], "notBreaching", 3, "OK"),
    ],
)
def test_the_state_of_an_alarm(
    values: Sequence[float | None], missing: str, to_alarm: int, state: str
) -> None:
    rules = Rules("GreaterThanThreshold", 5.0, 3, to_alarm, missing)

    assert state_of(values, rules, "before") == state


def test_statistics() -> None:
    values = [float(each) for each in range(1, 101)]

    assert value_of(values, "Sum") == 5050
    assert value_of(values, "Average") == 50.5
    assert (value_of(values, "Minimum"), value_of(values, "Maximum")) == (1, 100)
    assert value_of(values, "SampleCount") == 100
    assert value_of(values, "p95") == pytest.approx(95.05)
    assert value_of(values, "p100") == 100
    assert value_of([], "Sum") is None
    with pytest.raises(UnknownStatisticError):
        value_of(values, "tm99")


def test_metric_math() -> None:
    values = {"read": 3.0, "write": 4.0, "none": None}

    assert evaluate("SUM(METRICS())", values) == 7
    assert evaluate("MAX([read, write]) * 100 / (read + 1)", values) == 100
    assert evaluate("FILL(none, 0) + read", values) == 3
    assert evaluate("none + read", values) is None
    assert evaluate("read / FILL(none, 0)", values) is None
    assert evaluate("SUM(METRICS())", {"none": None}) is None
    for unknown in ("ANOMALY_DETECTION_BAND(read)", "__import__('os')", "read[0]", "METRICS()"):
        with pytest.raises(UnknownExpressionError):
            evaluate(unknown, values)


def test_a_line_of_a_function_sets_off_an_alarm(world: World) -> None:
    alarms = running_alarms(world)
    dimension = [{"Name": "Code", "Value": "INTERNAL_ERROR"}]
    apply_alarm(world, "errors", namespace="Lectern", metric_name="Errors", dimensions=dimension)
    world.advance(60)
    assert alarm_state(world, "errors") == "OK"

    alarms.line("group", "no metric")
    alarms.line("group", _emf(world, "Errors", 3, Code="OTHER"))
    world.advance(60)
    assert alarm_state(world, "errors") == "OK"
    alarms.line("group", _emf(world, "Errors", [1, 2], Code="INTERNAL_ERROR"))
    world.advance(60)
    assert alarm_state(world, "errors") == "ALARM"
    world.advance(60)
    assert alarm_state(world, "errors") == "OK"
    assert len(alarms.emitted()) == 2


def test_errors_of_functions_are_counted(world: World) -> None:
    running_alarms(world)
    world.function("fails", "def handler(event, context):\n    raise ValueError\n")
    dimension = [{"Name": "FunctionName", "Value": "fails"}]
    apply_alarm(world, "errors", namespace="AWS/Lambda", metric_name="Errors", dimensions=dimension)

    world.functions.invoke("fails", {})
    world.advance(60)

    assert alarm_state(world, "errors") == "ALARM"


def test_a_queue_that_nobody_reads_grows_old(world: World) -> None:
    running_alarms(world)
    dimension = [{"Name": "QueueName", "Value": "q"}]
    options = {
        "namespace": "AWS/SQS",
        "metric_name": "ApproximateAgeOfOldestMessage",
        "dimensions": dimension,
        "statistic": "Maximum",
        "threshold": 150.0,
        "evaluation_periods": 2,
    }
    apply_alarm(world, "age", **options)
    world.queue("q")

    world.send("q", "a")
    world.advance(180)
    assert alarm_state(world, "age") == "OK"
    world.advance(60)

    assert alarm_state(world, "age") == "ALARM"
    data = json.loads(applied_alarm(world, "age").state_reason_data)
    assert len(data["recentDatapoints"]) == 2
    assert all(150 < value <= 240 for value in data["recentDatapoints"])


def test_an_evaluation_that_begins_late_counts_for_its_own_minute(world: World) -> None:
    world.advance(60 - world.context.clock() / 1000 % 60)
    alarms = Alarms(world.context)
    options = {"namespace": "AWS/SQS", "metric_name": "ApproximateNumberOfMessagesVisible"}
    apply_alarm(
        world,
        "deep",
        **options,
        dimensions=[{"Name": "QueueName", "Value": "q"}],
        evaluation_periods=2,
    )
    world.queue("q")
    world.send("q", "a")
    first = (world.context.clock() // 60_000 + 1) * 60_000

    world.advance(61)  # a thread that comes to it a second late
    alarms.evaluate(first)
    world.advance(59.5)
    alarms.evaluate(first + 60_000)

    assert alarm_state(world, "deep") == "ALARM"
    assert json.loads(applied_alarm(world, "deep").state_reason_data)["recentDatapoints"] == [1, 1]


def test_silence_is_an_alarm_where_missing_data_breach(world: World) -> None:
    running_alarms(world)
    apply_alarm(
        world,
        "silent",
        namespace="Lectern",
        metric_name="Alive",
        comparison_operator="LessThanThreshold",
        threshold=1.0,
        treat_missing_data="breaching",
    )
    world.advance(60)
    assert alarm_state(world, "silent") == "ALARM"

    world.context.metrics.add(Metric.of("Lectern", "Alive", {}), world.context.clock() + 30_000)
    world.advance(60)

    assert alarm_state(world, "silent") == "OK"


def test_throttles_and_errors_of_tables_are_counted(world: World) -> None:
    alarms = running_alarms(world)
    apply_alarm(world, "throttles", metric_data_queries=_sum_of("ReadThrottle", "WriteThrottle"))
    throttled = '{"__type":"…#ProvisionedThroughputExceededException"}'

    alarms.refused("GetItem", {"TableName": "u"}, throttled)
    alarms.refused("GetItem", {"TableName": "t"}, '{"__type":"…#ValidationException"}')
    world.advance(60)
    assert alarm_state(world, "throttles") == "OK"
    alarms.refused(
        "TransactWriteItems", {"TransactItems": [{"Put": {"TableName": "t"}}]}, throttled
    )
    world.advance(60)

    assert alarm_state(world, "throttles") == "ALARM"
    alarms.refused("Query", {"TableName": "t"}, '{"__type":"…#InternalServerError"}')
    assert world.sums("AWS/DynamoDB", TableName="t", Operation="Query") == {"SystemErrors": 1}


def _sum_of(*names: str) -> list[Any]:
    """The sum of metrics of the table `t`, as moto has it."""
    dimensions = [cloudwatch.Dimension("TableName", "t")]
    queries = [cloudwatch.MetricDataQuery("sum", "", "", "true", expression="SUM(METRICS())")]
    for name in names:
        metric = cloudwatch.Metric(f"{name}Events", "AWS/DynamoDB", dimensions)
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

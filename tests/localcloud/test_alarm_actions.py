"""What alarms tell topics, and topics their queues."""

import json
from typing import Any

import pytest

from localcloud.metrics import Metric
from tests.localcloud.alarming import (
    alarm_state,
    applied_alarm,
    apply_alarm,
    running_alarms,
)
from tests.localcloud.world import World


@pytest.fixture
def topic(world: World) -> str:
    """The ARN of a topic that the queue `told` follows."""
    sns = world.context.backend("sns")
    arn: str = sns.create_topic("alarms").arn
    sns.subscribe(arn, world.queue("told"), "sqs")
    return arn


def test_a_change_of_state_is_told(world: World, topic: str) -> None:
    running_alarms(world)
    _apply(world, alarm_actions=[topic], ok_actions=[topic])

    world.advance(60)
    _count(world)
    world.advance(60)
    _count(world)
    world.advance(60)
    world.advance(60)

    told = [json.loads(each["Message"]) for each in _told(world)]
    changes = [(each["OldStateValue"], each["NewStateValue"]) for each in told]
    assert changes == [("INSUFFICIENT_DATA", "OK"), ("OK", "ALARM"), ("ALARM", "OK")]
    alarm = applied_alarm(world, "errors")
    assert (told[1]["AlarmName"], told[1]["AlarmArn"]) == ("errors", alarm.alarm_arn)
    assert told[1]["Trigger"]["Dimensions"] == [{"value": "f", "name": "FunctionName"}]
    assert (told[1]["Trigger"]["MetricName"], told[1]["Trigger"]["Statistic"]) == ("Errors", "SUM")
    subject = 'ALARM: "errors" in US East (N. Virginia)'
    assert (_told(world)[1]["Subject"], _told(world)[1]["TopicArn"]) == (subject, topic)


def test_a_state_that_somebody_sets_is_told_too(world: World, topic: str) -> None:
    running_alarms(world)
    _apply(world, alarm_actions=[topic])

    world.context.backend("cloudwatch").set_alarm_state("errors", "a try", "{}", "ALARM")
    _follow(world)

    (told,) = _told(world)
    assert json.loads(told["Message"])["NewStateReason"] == "a try"
    world.advance(60)
    assert alarm_state(world, "errors") == "OK"


def test_an_alarm_that_is_put_again_keeps_its_state_and_tells_nobody(
    world: World, topic: str
) -> None:
    running_alarms(world)
    _apply(world, alarm_actions=[topic], treat_missing_data="breaching")
    world.advance(60)
    assert len(_told(world)) == 1

    _apply(world, alarm_actions=[topic], treat_missing_data="breaching", description="new")
    _follow(world)
    world.advance(60)

    assert alarm_state(world, "errors") == "ALARM"
    assert len(_told(world)) == 1


def test_a_queue_that_wants_it_raw_gets_the_message_alone(world: World, topic: str) -> None:
    running_alarms(world)
    sns = world.context.backend("sns")
    subscription = sns.subscribe(topic, world.queue("raw"), "sqs")
    sns.set_subscription_attributes(subscription.arn, "RawMessageDelivery", "true")
    apply_alarm(world, "part", namespace="N", metric_name="M", treat_missing_data="breaching")
    apply_alarm(world, "whole", rule="ALARM(part)", alarm_actions=[topic])

    world.advance(60)

    (message,) = world.messages("raw")
    assert json.loads(message)["AlarmRule"] == "ALARM(part)"


def test_who_is_switched_off_or_gone_stops_nobody(world: World, topic: str) -> None:
    running_alarms(world)
    sns = world.context.backend("sns")
    sns.subscribe(topic, f"arn:aws:sqs:us-east-1:{world.context.account}:gone", "sqs")
    sns.subscribe(topic, "somebody@example.com", "email")
    _apply(world, alarm_actions=[f"{topic}-gone", topic], treat_missing_data="breaching")
    apply_alarm(
        world,
        "off",
        namespace="N",
        metric_name="M",
        treat_missing_data="breaching",
        alarm_actions=[topic],
        actions_enabled=False,
    )

    world.advance(60)

    assert (alarm_state(world, "off"), alarm_state(world, "errors")) == ("ALARM", "ALARM")
    (told,) = _told(world)
    assert json.loads(told["Message"])["AlarmName"] == "errors"


DIMENSIONS = {"FunctionName": "f"}


def _apply(world: World, **options: Any) -> None:
    dimensions = [{"Name": name, "Value": value} for name, value in DIMENSIONS.items()]
    options = {"namespace": "AWS/Lambda", "metric_name": "Errors", **options}
    apply_alarm(world, "errors", dimensions=dimensions, **options)


def _count(world: World) -> None:
    """One error, now."""
    world.context.metrics.add(Metric.of("AWS/Lambda", "Errors", DIMENSIONS), world.context.clock())


def _follow(world: World) -> None:
    """What the endpoint does after each change of the control plane."""

    def tell() -> None:
        for each in world.context.on_apply:
            each()

    world.context.cloud.run(tell)


def _told(world: World) -> list[dict[str, Any]]:
    return [json.loads(each) for each in world.messages("told")]

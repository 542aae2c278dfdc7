"""What topics are told of an alarm, and queues by their topic, field for field."""

import json
import uuid
from datetime import UTC, datetime
from typing import Any

REGION_NAME = "US East (N. Virginia)"
"""As messages say it; the account has no other region."""


def of_topic(topic: str, alarm: Any, message: str, now: int) -> str:
    """What a topic hands to a queue, but unsigned; `now` in milliseconds."""
    moment = datetime.fromtimestamp(now / 1000, UTC)
    return json.dumps(
        {
            "Type": "Notification",
            "MessageId": str(uuid.uuid4()),
            "TopicArn": topic,
            "Subject": f'{alarm.state_value}: "{alarm.name}" in {REGION_NAME}'[:100],
            "Message": message,
            "Timestamp": f"{_millis(moment)}Z",
        }
    )


def of_alarm(alarm: Any, old: str, account: str) -> str:
    """What moto's alarm tells a topic; `old` is the state that it had."""
    watched = {"AlarmRule": alarm.rule} if alarm.rule else {"Trigger": _trigger(alarm)}
    return json.dumps(
        {
            "AlarmName": alarm.name,
            "AlarmDescription": alarm.description,
            "AWSAccountId": account,
            "AlarmConfigurationUpdatedTimestamp": _stamp(alarm.configuration_updated_timestamp),
            "NewStateValue": alarm.state_value,
            "NewStateReason": alarm.state_reason,
            "StateChangeTime": _stamp(alarm.state_updated_timestamp),
            "Region": REGION_NAME,
            "AlarmArn": alarm.alarm_arn,
            "OldStateValue": old,
            "OKActions": alarm.ok_actions,
            "AlarmActions": alarm.alarm_actions,
            "InsufficientDataActions": alarm.insufficient_data_actions,
            **watched,
        }
    )


def _trigger(alarm: Any) -> dict[str, Any]:
    compared = {
        "Period": alarm.period,
        "EvaluationPeriods": alarm.evaluation_periods,
        "DatapointsToAlarm": alarm.datapoints_to_alarm or alarm.evaluation_periods,
        "ComparisonOperator": alarm.comparison_operator,
        "Threshold": alarm.threshold,
        "TreatMissingData": alarm.treat_missing_data or "missing",
    }
    if alarm.metric_data_queries:
        metrics = [
            {"Id": each.id, **({"Expression": each.expression} if each.expression else {})}
            for each in alarm.metric_data_queries
        ]
        return {**compared, "Metrics": metrics}
    return {
        "MetricName": alarm.metric_name,
        "Namespace": alarm.namespace,
        "StatisticType": "ExtendedStatistic" if alarm.extended_statistic else "Statistic",
        "Statistic": alarm.extended_statistic or str(alarm.statistic).upper(),
        "Unit": alarm.unit,
        "Dimensions": [{"value": each.value, "name": each.name} for each in alarm.dimensions],
        **compared,
    }


def _stamp(moment: datetime) -> str:
    """moto's moments are UTC and say no time zone."""
    return f"{_millis(moment)}+0000"


def _millis(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}"

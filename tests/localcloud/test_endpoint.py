"""The one HTTP endpoint of the account: who is refused, and in which words."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from localcloud.context import DeniedError
from localcloud.control.endpoint import Endpoint
from sandbox.clock import Clock
from sandbox.faults import FaultPlan

WORDS = "User: somebody is not authorized to perform: something"


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """An account in which nobody but the owner may do anything."""

    def guard(_key: str, _service: str, _operation: str, _body: Mapping[str, Any]) -> None:
        raise DeniedError(WORDS)

    made = Endpoint(
        Clock(),
        FaultPlan(),
        account="000000000042",
        owner="AKIDOWNER",
        gateway_url="http://127.0.0.1:9",
    )
    made.guard = guard
    made.start()
    yield made
    made.stop()


def _client(endpoint: Endpoint, service: Any, key: str = "AKIDSOMEBODY") -> Any:
    return boto3.client(
        service,
        endpoint_url=endpoint.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=key,
        aws_secret_access_key="secret",
    )


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "code", "status"),
    [
        ("sqs", "send_message", {"QueueUrl": "q", "MessageBody": "b"}, "AccessDenied", 403),
        ("dynamodb", "delete_table", {"TableName": "t"}, "AccessDeniedException", 400),
        ("lambda", "invoke", {"FunctionName": "f"}, "AccessDeniedException", 403),
    ],
)
def test_a_refusal_is_that_of_the_service(
    endpoint: Endpoint,
    service: str,
    operation: str,
    arguments: Mapping[str, str],
    code: str,
    status: int,
) -> None:
    with closing(_client(endpoint, service)) as client, pytest.raises(ClientError) as refused:
        getattr(client, operation)(**arguments)

    error = refused.value.response
    assert (error["Error"]["Code"], error["Error"]["Message"]) == (code, WORDS)
    assert error["ResponseMetadata"]["HTTPStatusCode"] == status


def test_a_composite_alarm_is_put_shown_and_deleted(endpoint: Endpoint) -> None:
    topic = "arn:aws:sns:us-east-1:123456789012:alarms"
    with closing(_client(endpoint, "cloudwatch", "AKIDOWNER")) as cloudwatch:
        cloudwatch.put_composite_alarm(
            AlarmName="whole",
            AlarmRule="ALARM(part)",
            AlarmActions=[topic],
            Tags=[{"Key": "app", "Value": "lectern"}],
        )
        kinds = ["CompositeAlarm", "MetricAlarm"]
        found = cloudwatch.describe_alarms(AlarmNames=["whole"], AlarmTypes=kinds)
        (alarm,) = found["CompositeAlarms"]
        tags = cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]
        cloudwatch.delete_alarms(AlarmNames=["whole"])
        left = cloudwatch.describe_alarms(AlarmNames=["whole"], AlarmTypes=kinds)

    assert (alarm["AlarmName"], alarm["AlarmRule"]) == ("whole", "ALARM(part)")
    assert (alarm["AlarmActions"], alarm["ActionsEnabled"]) == ([topic], True)
    assert alarm["StateValue"] == "INSUFFICIENT_DATA"
    assert tags == [{"Key": "app", "Value": "lectern"}]
    assert (found["MetricAlarms"], left["CompositeAlarms"]) == ([], [])

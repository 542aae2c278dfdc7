"""The HTTP endpoint of the account: refusals, and what moto lacks."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from localcloud.control.endpoint import Endpoint
from localcloud.errors import DeniedError
from sandbox.conditions.clock import Clock
from sandbox.conditions.current_physics import CurrentPhysics
from sandbox.conditions.faults import FaultPlan

WORDS = "User: somebody is not authorized to perform: something"


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """An endpoint that refuses everybody but the owner."""

    def guard(_key: str, _service: str, _operation: str, _body: Mapping[str, Any]) -> None:
        raise DeniedError(WORDS)

    made = Endpoint(
        Clock(),
        FaultPlan(),
        CurrentPhysics(),
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
def test_a_refusal_has_the_form_of_its_service(
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


SETTINGS = {
    "DestinationArn": "arn:aws:logs:us-east-1:000000000042:log-group:/g",
    "Format": "$context.status",
}


@pytest.mark.parametrize("by_update", [True, False])
def test_the_access_log_of_a_stage_is_changed_and_switched_off(
    endpoint: Endpoint, *, by_update: bool
) -> None:
    with closing(_client(endpoint, "apigatewayv2", "AKIDOWNER")) as gateway:
        api = gateway.create_api(Name="a", ProtocolType="WEBSOCKET")["ApiId"]
        stage = {"ApiId": api, "StageName": "dev"}
        gateway.create_stage(**stage, AccessLogSettings=SETTINGS)
        gateway.update_stage(**stage, AccessLogSettings=SETTINGS | {"Format": "$context.routeKey"})
        gateway.update_stage(**stage, Description="nothing about the log")
        changed = gateway.get_stage(**stage)["AccessLogSettings"]

        if by_update:
            gateway.update_stage(**stage, AccessLogSettings={})  # as Terraform does it
        else:
            gateway.delete_access_log_settings(**stage)
        left = gateway.get_stage(**stage)

    assert changed == SETTINGS | {"Format": "$context.routeKey"}
    assert "AccessLogSettings" not in left

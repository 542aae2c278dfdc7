"""The data plane serves what the control plane says is deployed, and nothing else."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import closing

import pytest
import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from websockets.asyncio.client import ClientConnection

from sandbox.http.identifiers import ACCOUNT, REGION
from tests.localcloud.applied.cloud import LocalCloud
from tests.localcloud.applied.small_api import SmallApi

PATIENCE = 20.0
"""Seconds to wait for a response, on a busy machine."""


@pytest.fixture
def api(cloud: LocalCloud) -> Iterator[SmallApi]:
    """An API without routes or stage."""
    made = SmallApi(cloud.address)
    yield made
    made.close()


async def answer_to(client: ClientConnection, action: str) -> str:
    """Send an action and return the text of the reply."""
    await client.send(json.dumps({"action": action}))
    async with asyncio.timeout(PATIENCE):
        return str(await client.recv())


async def test_a_stage_that_is_not_there_is_not_served(api: SmallApi) -> None:
    assert await api.refusal() == 404


async def test_a_stage_without_a_deployment_refuses(api: SmallApi) -> None:
    api.make_stage()

    assert await api.refusal() == 403


async def test_the_routes_key_is_in_the_message(api: SmallApi) -> None:
    api.allow()
    api.route("ping")
    api.route("$default")
    api.make_stage()
    api.deploy()

    client = await api.open()

    assert await answer_to(client, "ping") == "ping"
    assert await answer_to(client, "pong") == "$default"
    await client.close()


async def test_a_route_that_is_not_deployed_is_not_served(api: SmallApi) -> None:
    api.allow()
    api.route("ping")
    api.make_stage()
    api.deploy()
    client = await api.open()

    api.route("pong")
    before = await answer_to(client, "pong")
    api.deploy()
    after = await answer_to(client, "pong")

    assert (before, after) == ('{"message": "Forbidden"}', "pong")
    await client.close()


async def test_a_function_that_does_not_let_the_api_call_it_is_an_error(api: SmallApi) -> None:
    api.route("$connect")
    api.make_stage()
    api.deploy()

    before = await api.refusal()
    api.allow()

    assert (before, await api.refusal()) == (500, 101)


async def test_throttles_of_zero_refuse_everybody(api: SmallApi) -> None:
    limits = {"ThrottlingRateLimit": 0.0, "ThrottlingBurstLimit": 0}
    api.allow()
    api.route("$connect")
    api.make_stage(DefaultRouteSettings=limits)
    api.deploy()

    before = await api.refusal()
    limits = {"ThrottlingRateLimit": 100.0, "ThrottlingBurstLimit": 10}
    api.v2.update_stage(ApiId=api.id, StageName=api.stage, DefaultRouteSettings=limits)

    assert (before, await api.refusal()) == (429, 101)


async def test_without_a_route_response_nothing_comes_back(api: SmallApi) -> None:
    api.allow()
    api.route("quiet", replies=False)
    api.route("$default")
    api.make_stage()
    api.deploy()
    client = await api.open()

    await client.send('{"action":"quiet"}')

    assert [await answer_to(client, "loud") for _ in range(3)] == ["$default"] * 3
    await client.close()


async def test_the_access_log_has_the_stages_format(cloud: LocalCloud, api: SmallApi) -> None:
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/small/{api.stage}"
    form = "route $context.routeKey: $context.status $context.error.responseType"
    api.allow()
    api.route("ping")
    api.make_stage(AccessLogSettings={"DestinationArn": group, "Format": form})
    api.deploy()

    client = await api.open()
    await answer_to(client, "ping")
    await answer_to(client, "pong")
    await client.close()

    log = cloud.workspace.log.read_text()
    assert f"/small/{api.stage} route $connect: 200 -\n" in log
    assert f"/small/{api.stage} route ping: 200 -\n" in log
    assert f"/small/{api.stage} route $default: 403 ACCESS_DENIED\n" in log


async def test_a_deployment_in_use_is_not_deleted(api: SmallApi) -> None:
    api.route("ping")
    api.make_stage()
    api.deploy()
    used = api.v2.get_stage(ApiId=api.id, StageName=api.stage)["DeploymentId"]

    with pytest.raises(api.v2.exceptions.BadRequestException):
        api.v2.delete_deployment(ApiId=api.id, DeploymentId=used)

    api.deploy()
    api.v2.delete_deployment(ApiId=api.id, DeploymentId=used)
    left = api.v2.get_deployments(ApiId=api.id)["Items"]
    assert used not in [each["DeploymentId"] for each in left]


def test_the_operator_api_accepts_the_callers_that_iam_allows(as_written: LocalCloud) -> None:
    unsigned = operator_api(as_written, "/v1/health", signed=False)
    signed = operator_api(as_written, "/v1/health")
    nowhere = operator_api(as_written, "/v2")

    assert signed.status == 200, signed.data
    assert signed.json()["ok"]
    assert (unsigned.status, unsigned.json()["code"]) == (403, "MISSING_AUTHENTICATION_TOKEN")
    assert unsigned.headers["Content-Type"] == "application/problem+json"
    assert nowhere.status == 403


def test_the_operator_api_is_throttled_as_applied_and_each_request_is_in_its_log(
    as_written: LocalCloud,
) -> None:
    with (
        closing(as_written.address.client("apigateway")) as control,
        closing(as_written.address.client("logs")) as logs,
    ):
        api = control.get_rest_apis()["items"][0]["id"]

        def limit(rate: float, burst: int) -> None:
            values = {"rateLimit": rate, "burstLimit": burst}
            operations = [
                {"op": "replace", "path": f"/*/*/throttling/{name}", "value": str(value)}
                for name, value in values.items()
            ]
            control.update_stage(restApiId=api, stageName="dev", patchOperations=operations)

        before = control.get_stage(restApiId=api, stageName="dev")["methodSettings"]["*/*"]
        limit(0, 1)
        try:
            statuses = [operator_api(as_written, "/v1/health").status for _ in range(2)]
            refused = operator_api(as_written, "/v1/health").json()
        finally:
            limit(before["throttlingRateLimit"], before["throttlingBurstLimit"])
        group = "/aws/apigateway/lectern-dev-operator-access"
        events = logs.filter_log_events(logGroupName=group)["events"]

    assert (before["throttlingRateLimit"], before["throttlingBurstLimit"]) == (50, 50)
    assert (statuses, refused["code"]) == ([200, 429], "THROTTLED")
    lines = [json.loads(each["message"]) for each in events]
    served, first, last = lines[-3:]
    assert (served["resourcePath"], served["httpMethod"]) == ("/v1/health", "GET")
    assert (served["status"], served["integrationStatus"]) == ("200", "200")
    assert int(served["latency"]) > 0
    assert (first["status"], last["errorResponseType"]) == ("429", "THROTTLED")
    assert (last["integrationStatus"], last["requestId"]) == ("-", refused["correlationId"])


def operator_api(cloud: LocalCloud, path: str, *, signed: bool = True) -> urllib3.BaseHTTPResponse:
    """Return the response to a GET, signed with the account's own key unless told otherwise."""
    url = cloud.operator_url + path
    request = AWSRequest("GET", url)
    if signed:
        keys = Credentials(cloud.address.access_key_id, cloud.address.secret_access_key)
        SigV4Auth(keys, "execute-api", REGION).add_auth(request)
    return urllib3.request("GET", url, headers=dict(request.headers), timeout=PATIENCE)

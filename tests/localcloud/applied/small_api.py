"""A WebSocket API of a test, beside Lectern's, created by calls of the AWS APIs."""

import itertools
import sys
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from localcloud.deploy.workspace import Address
from sandbox.http.identifiers import ACCOUNT, REGION
from tests.localcloud.world import zip_file

_NUMBERS = itertools.count(1)
_ROLE = f"arn:aws:iam::{ACCOUNT}:role/lectern-dev-websocket_message"
SOURCE = """
def handler(event, context):
    return {"statusCode": 200, "body": event["requestContext"]["routeKey"]}
"""


class SmallApi:
    """A function that returns the key of its route; routes and stages are the test's."""

    def __init__(self, address: Address) -> None:
        self._port = address.port
        self.stage = f"small{next(_NUMBERS)}"
        self.v2 = address.client("apigatewayv2")
        self._lambda = address.client("lambda")
        self._function = self._lambda.create_function(
            FunctionName=self.stage,
            Runtime=f"python{sys.version_info.major}.{sys.version_info.minor}",
            Role=_ROLE,
            Handler="app.handler",
            Code={"ZipFile": zip_file(SOURCE)},
        )["FunctionArn"]
        self.id: str = self.v2.create_api(
            Name=self.stage,
            ProtocolType="WEBSOCKET",
            RouteSelectionExpression="$request.body.action",
        )["ApiId"]
        uri = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions"
        self._integration = self.v2.create_integration(
            ApiId=self.id,
            IntegrationType="AWS_PROXY",
            IntegrationUri=f"{uri}/{self._function}/invocations",
        )["IntegrationId"]

    def route(self, key: str, *, replies: bool = True) -> None:
        """Create a route to the function, with a route response if it `replies`."""
        target = f"integrations/{self._integration}"
        expression = {"RouteResponseSelectionExpression": "$default"} if replies else {}
        made = self.v2.create_route(ApiId=self.id, RouteKey=key, Target=target, **expression)
        if replies:
            self.v2.create_route_response(
                ApiId=self.id, RouteId=made["RouteId"], RouteResponseKey="$default"
            )

    def allow(self) -> None:
        """Let the function's policy allow calls by this API."""
        self._lambda.add_permission(
            FunctionName=self.stage,
            StatementId="api",
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
            SourceArn=f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{self.id}/*",
        )

    def make_stage(self, **settings: Any) -> None:
        """Create a stage that nothing is deployed to."""
        self.v2.create_stage(ApiId=self.id, StageName=self.stage, **settings)

    def deploy(self) -> None:
        """Deploy the routes as they are now."""
        self.v2.create_deployment(ApiId=self.id, StageName=self.stage)

    async def open(self) -> ClientConnection:
        """Open a socket. Raises InvalidStatus."""
        return await connect(f"ws://127.0.0.1:{self._port}/{self.stage}", compression=None)

    async def refusal(self) -> int:
        """Return the status of a handshake: 101 if it is accepted."""
        try:
            await (await self.open()).close()
        except InvalidStatus as refused:
            return refused.response.status_code
        return 101

    def close(self) -> None:
        """Delete everything."""
        self.v2.delete_api(ApiId=self.id)
        self._lambda.delete_function(FunctionName=self.stage)
        self.v2.close()
        self._lambda.close()

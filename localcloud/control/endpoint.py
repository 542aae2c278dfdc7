"""The one HTTP endpoint of the account, for every AWS API.

Calls of DynamoDB and SQS are carried out as in the sandbox (`sandbox/cloud`), Lambda's invocations
by the functions, all others by moto. Calls run on the cloud's loop one at a time, and so are
atomic; only invocations run beside them.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web
from moto.backends import get_backend

from localcloud.control import extensions
from localcloud.control.invocations import Invocations
from localcloud.control.moto_server import MotoServer, Request
from localcloud.control.signed_call import SignedCall, signed_call
from localcloud.errors import DeniedError
from sandbox.cloud.server import Cloud
from sandbox.conditions.clock import Clock
from sandbox.conditions.current_physics import CurrentPhysics
from sandbox.conditions.faults import FaultPlan
from sandbox.http.identifiers import REGION
from sandbox.http.signature import SignedRequest

Guard = Callable[[str, str, str, Mapping[str, Any]], None]
"""Takes access key id, service, operation and JSON body of a call. Raises DeniedError."""
OnFailedCall = Callable[[str, Mapping[str, Any], str], None]
"""Takes operation, JSON body, and the JSON of the response."""


class Endpoint(Cloud):
    """Listens on `port` of 127.0.0.1.

    `owner` is the access key that may do everything, `gateway_url` the endpoint of every API.
    """

    def __init__(
        self,
        clock: Clock,
        faults: FaultPlan,
        physics: CurrentPhysics,
        *,
        account: str,
        owner: str,
        gateway_url: str,
        port: int = 0,
    ) -> None:
        super().__init__(clock, faults, physics, account=account, port=port)
        extensions.extend(gateway_url)
        get_backend("dynamodb")[account][REGION] = self.dynamodb.backend
        self._owner = owner
        self._moto = MotoServer()
        self.on_apply: list[Callable[[], None]] = []
        self.guard: Guard | None = None
        """Called before each call of anybody but the owner."""
        self.on_failed_call: OnFailedCall | None = None
        """Called after each call of DynamoDB that failed."""
        self.invocations: Invocations | None = None
        """Set once there are functions to invoke."""
        self.before_logs: Callable[[], None] = lambda: None
        """Called before each call of CloudWatch Logs."""

    def _fast_path(self, _: SignedRequest) -> bytes | None:
        """Return None: no call skips the check of its permission."""
        return None

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        content = await request.content.read()  # zips are larger than `request.read` allows
        call = signed_call(request)
        try:
            self._check(call, content)
        except DeniedError as denied:
            return _denied(call, denied)
        if call.service in ("dynamodb", "sqs") and call.operation:
            answer = await self._answer(request, content)
            self._applied(request, call)
            self._tell_failure(call, content, answer)
            return answer
        if self.invocations and (function := self.invocations.function_of(request)):
            return await self.invocations.respond(request, function, content)
        return self._forward(request, call, content)

    def _check(self, call: SignedCall, content: bytes) -> None:
        if self.guard and call.access_key_id != self._owner:
            self.guard(call.access_key_id, call.service, call.operation, _json(content))

    def _forward(
        self, request: web.BaseRequest, call: SignedCall, content: bytes
    ) -> web.StreamResponse:
        if call.service == "logs":
            self.before_logs()
        forwarded = Request(request.method, request.raw_path, dict(request.headers), content)
        answer = self._moto.respond(forwarded)
        self._applied(request, call)
        return web.Response(status=answer.status, headers=answer.headers, body=answer.body)

    def _applied(self, request: web.BaseRequest, call: SignedCall) -> None:
        if request.method != "GET" and call.changes:
            for tell in self.on_apply:
                tell()

    def _tell_failure(self, call: SignedCall, content: bytes, answer: web.StreamResponse) -> None:
        if call.service == "dynamodb" and answer.status != 200 and self.on_failed_call:
            text = str(answer.text) if isinstance(answer, web.Response) else ""
            self.on_failed_call(call.operation, _json(content), text)


def _json(content: bytes) -> Mapping[str, Any]:
    try:
        body = json.loads(content)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _denied(call: SignedCall, denied: DeniedError) -> web.Response:
    """Return the refusal in the service's form: SQS has status 403 and its old code in a header."""
    sqs = call.service == "sqs"
    headers = {"x-amzn-query-error": "AccessDenied;Sender"} if sqs else {}
    return web.json_response(
        {"__type": f"com.amazon.coral.service#{denied.code}", "Message": str(denied)},
        status=403 if sqs or call.service == "lambda" else denied.status,
        headers={"x-amzn-ErrorType": denied.code, **headers},
    )

"""The data plane of REST APIs: `/{stage}/…` with proxy integrations, as deployed.

A call beyond the throttles of a method gets 429. A method with IAM authorization needs a signature
of a key whose owner may call it; the function's policy must let the API call it. Refusals have the
form of the applied gateway responses.
"""

import asyncio
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from localcloud.context import Context
from localcloud.control.apigateway import deployed_resources
from localcloud.errors import AccountError, DeniedError
from localcloud.functions import Functions
from localcloud.gateway.gateway_responses import RefusedError, gateway_response
from localcloud.gateway.management_access import check_signature
from localcloud.gateway.request_log import RequestRecord, finish
from localcloud.gateway.rest_events import RestCall, rest_event
from localcloud.gateway.stages import ACCOUNT_BURST, ACCOUNT_RATE, function_of
from localcloud.permissions import Permissions
from sandbox.gateway.quotas import Throttle
from sandbox.http.server import Handler
from sandbox.http.signature import SignatureError, SignedRequest

PRINCIPAL = "apigateway.amazonaws.com"


@dataclass(frozen=True)
class _Method:
    """The deployed method that a request is for."""

    resource: str
    parameters: Mapping[str, str]
    function: str | None
    signed: bool


class RestApis:
    """Serves the stages of REST APIs; `other` handles every other path."""

    def __init__(
        self,
        context: Context,
        functions: Functions,
        permissions: Permissions,
        other: Handler,
    ) -> None:
        self._context = context
        self._functions = functions
        self._permissions = permissions
        self._other = other
        self._throttle = Throttle(context.clock)

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Respond to a request."""
        stage, _, _ = request.path[1:].partition("/")
        api = self._api_of(stage)
        if api is None:
            return await self._other(request)
        body = await request.read()
        return await asyncio.to_thread(self._serve, request, api, stage, body)

    def _serve(
        self, request: web.BaseRequest, api: Any, stage: str, body: bytes
    ) -> web.StreamResponse:
        raw, _, query = request.raw_path.partition("?")
        headers = {name.lower(): value for name, value in request.headers.items()}
        call = RestCall(
            request=SignedRequest(request.method, raw, query, headers, body),
            headers={name: request.headers.getall(name) for name in request.headers},
            api_id=api.id,
            stage=stage,
            path=raw[len(stage) + 1 :] or "/",
            source_ip=request.remote or "",
            at=self._context.clock(),
        )
        record, arn = RequestRecord(call), f"{self._prefix(api)}/{stage}"
        try:
            response = self._respond(api, arn, record)
        except RefusedError as refusal:
            record.refusal = refusal
            response = gateway_response(refusal, api.gateway_responses, call.request_id)
        length = len(response.body) if isinstance(response.body, bytes) else 0
        finish(self._context, api, arn, record, response.status, length)
        return response

    def _respond(self, api: Any, arn: str, record: RequestRecord) -> web.Response:
        call = record.call
        verb = call.request.method
        method = _method(api, call.stage, verb, call.path)
        record.call = replace(call, resource=method.resource, parameters=method.parameters)
        if not self._throttle.take((arn, f"{verb}{method.resource}"), *_limits(api, record.call)):
            raise RefusedError(429, "THROTTLED", "Too Many Requests")
        where = f"{arn}/{verb}"
        if method.signed:
            caller = self._authenticate(call.request, f"{where}{unquote(call.path)}")
            record.call = replace(record.call, caller=caller)
        source = f"{where}{method.resource}"
        may_invoke = self._permissions.may_invoke
        if not method.function or not may_invoke(method.function, PRINCIPAL, source):
            raise RefusedError(500, "API_CONFIGURATION_ERROR", "Internal server error")
        return self._invoke(method.function, record)

    def _authenticate(self, request: SignedRequest, resource: str) -> str:
        if "authorization" not in request.headers:
            kind = "MISSING_AUTHENTICATION_TOKEN"
            raise RefusedError(403, kind, "Missing Authentication Token")
        try:
            key = check_signature(self._context, self._permissions, request)
            self._permissions.authorize(key, [("execute-api:Invoke", resource)])
        except SignatureError as problem:
            raise RefusedError(403, "INVALID_SIGNATURE", str(problem)) from None
        except DeniedError as denied:
            raise RefusedError(403, "ACCESS_DENIED", str(denied)) from None
        return key

    def _invoke(self, function: str, record: RequestRecord) -> web.Response:
        failure = RefusedError(502, "INTEGRATION_FAILURE", "Internal server error")
        began = time.monotonic()
        try:
            ran = self._functions.invoke(function, rest_event(record.call, self._context.account))
            result = json.loads(ran.payload)
        except AccountError:
            raise failure from None
        finally:
            record.integration_millis = (time.monotonic() - began) * 1000
        if ran.error or not isinstance(result, dict) or "statusCode" not in result:
            raise failure
        record.integration_status = int(result["statusCode"])
        headers = {name: str(value) for name, value in (result.get("headers") or {}).items()}
        for name, values in (result.get("multiValueHeaders") or {}).items():
            headers[name] = ", ".join(map(str, values))
        return web.Response(
            status=record.integration_status, text=result.get("body") or "", headers=headers
        )

    def _api_of(self, stage: str) -> Any:
        apis = list(self._context.backend("apigateway").apis.values())
        return next((each for each in reversed(apis) if stage in each.stages), None)

    def _prefix(self, api: Any) -> str:
        return f"arn:aws:execute-api:{self._context.region}:{self._context.account}:{api.id}"


def _method(api: Any, stage: str, verb: str, path: str) -> _Method:
    """Return the deployed method that a request is for. Raises RefusedError (403, as on AWS)."""
    resources = deployed_resources(api, stage)
    for template in sorted(resources, key=lambda each: each.count("{")):
        match = re.fullmatch(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(template)), path)
        method = resources[template].resource_methods.get(verb) if match else None
        if match and method:
            integration = method.method_integration
            return _Method(
                resource=template,
                parameters={name: unquote(value) for name, value in match.groupdict().items()},
                function=function_of(integration.uri) if integration else None,
                signed=method.authorization_type == "AWS_IAM",
            )
    raise RefusedError(403, "MISSING_AUTHENTICATION_TOKEN", "Missing Authentication Token")


def _limits(api: Any, call: RestCall) -> tuple[float, int]:
    """Return rate (a second) and burst of the method, as set for it or for its stage."""
    settings = api.stages[call.stage].method_settings
    own = f"{call.resource.replace('/', '~1')}/{call.request.method}"
    found = settings.get(own) or settings.get("*/*") or {}
    rate = float(found.get("throttlingRateLimit", ACCOUNT_RATE))
    burst = int(found.get("throttlingBurstLimit", ACCOUNT_BURST))
    # Terraform sets -1 for "no limit".
    return rate if rate >= 0 else ACCOUNT_RATE, burst if burst >= 0 else ACCOUNT_BURST

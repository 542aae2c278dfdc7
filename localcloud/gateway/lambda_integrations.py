"""The integrations of WebSocket routes: the functions that were applied.

The response is 403 without a stage, a deployment or a route, 429 beyond the throttles, and 500 for
a function whose policy does not let the API call it.
"""

import json
from functools import partial
from typing import Any

from localcloud.context import Context
from localcloud.errors import AccountError, TooManyRequestsError
from localcloud.functions import Functions
from localcloud.gateway.access_log import access_log_line
from localcloud.gateway.gateway_metrics import count_call
from localcloud.gateway.stages import Stage, Stages
from localcloud.permissions import Permissions
from sandbox.functions.functions import Event, FunctionError, ThrottledError
from sandbox.gateway.events import Handshake
from sandbox.gateway.integrations import Call, Run
from sandbox.gateway.outcomes import Failure, Outcome
from sandbox.gateway.quotas import Throttle

PRINCIPAL = "apigateway.amazonaws.com"
OPTIONAL_ROUTES = ("$connect", "$disconnect")
"""Routes that an API may lack: sockets open and close all the same."""


class LambdaIntegrations:
    """The integrations of every stage of the account."""

    def __init__(
        self,
        context: Context,
        stages: Stages,
        functions: Functions,
        permissions: Permissions,
    ) -> None:
        self._context = context
        self._stages = stages
        self._functions = functions
        self._permissions = permissions
        self._throttle = Throttle(context.clock)

    def select(self, handshake: Handshake, text: str) -> str:
        """Return the route that the message's JSON names; `$default` if there is no such route."""
        stage = self._stage(handshake)
        key = _select(text, stage.selection) if stage else None
        known = stage is not None and isinstance(key, str) and key in stage.routes
        return key if known and isinstance(key, str) else "$default"

    def find(self, call: Call, failure: Failure) -> Run | Outcome:
        """Return what invokes the function, or the failure if none can be invoked."""
        stage = self._stage(call.handshake)
        if stage is None:
            return failure(403, "Forbidden")
        route = stage.routes.get(call.route)
        if route is None:
            return Outcome(200) if call.route in OPTIONAL_ROUTES else failure(403, "Forbidden")
        if not self._throttle.take((stage.arn, call.route), *stage.limits(call.route)):
            return failure(429, "Too Many Requests")
        function = route.function
        source, may_invoke = f"{stage.arn}/{call.route}", self._permissions.may_invoke
        if function is None or not may_invoke(function, PRINCIPAL, source):
            return failure(500, "Internal server error")
        return partial(self._invoke, function)

    def replies(self, call: Call) -> bool:
        """Return whether the route has a route response."""
        stage = self._stage(call.handshake)
        route = stage.routes.get(call.route) if stage else None
        return route is not None and route.replies

    def done(self, call: Call, outcome: Outcome) -> None:
        """Count the call and write its line to the access log."""
        count_call(self._context.metrics, self._context.clock(), call, outcome)
        stage = self._stage(call.handshake)
        log = stage.access_log if stage else None
        if log:
            self._context.log(log.group, log.stream, access_log_line(log.format, call, outcome))

    def _stage(self, handshake: Handshake) -> Stage | None:
        return self._stages.find(handshake.api_id, handshake.stage)

    def _invoke(self, function: str, event: Event) -> Any:
        try:
            response = self._functions.invoke(function, event)
        except TooManyRequestsError as problem:
            raise ThrottledError(function) from problem
        except AccountError as problem:
            raise FunctionError(function) from problem
        if response.error:
            raise FunctionError(function)
        return json.loads(response.payload)


def _select(text: str, path: tuple[str, ...]) -> Any:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value

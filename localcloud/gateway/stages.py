"""WebSocket stages as the data plane serves them: each with its deployment."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.context import Context
from localcloud.control.apigatewayv2 import Deployment, deployment_of

_LAMBDA = re.compile(r"arn:[^:]+:apigateway:[^:]+:lambda:path/[^/]+/functions/(.+)/invocations\Z")
_BODY_FIELD = re.compile(r"\$request\.body\.([A-Za-z0-9_.]+)\Z")
ACCOUNT_RATE, ACCOUNT_BURST = 10_000.0, 5_000
"""Rate (calls a second) and burst where a stage sets none."""


@dataclass(frozen=True)
class Route:
    """A route of a deployment."""

    key: str
    function: str | None
    """The ARN of the function behind it; None for an integration of another kind."""
    replies: bool
    """True if it has a route response: clients get what the function returns."""


@dataclass(frozen=True)
class AccessLog:
    """Log group, stream and format of a stage's access log."""

    group: str
    stream: str
    format: str


@dataclass(frozen=True)
class Stage:
    """A stage and what it serves."""

    arn: str
    """`arn:aws:execute-api:region:account:api/stage`."""
    routes: Mapping[str, Route]
    selection: tuple[str, ...]
    """The path in a message's JSON to the key of its route."""
    settings: Mapping[str, Mapping[str, Any]]
    """Route settings by the key of the route; `""` has the default ones."""
    access_log: AccessLog | None

    def limits(self, route: str) -> tuple[float, int]:
        """Return rate and burst of a route, the account's if none are set. 0 refuses every call."""
        settings = self.settings.get(route) or self.settings[""]
        rate = settings.get("throttlingRateLimit", ACCOUNT_RATE)
        return float(rate), int(settings.get("throttlingBurstLimit", ACCOUNT_BURST))


class Stages:
    """Stages from the control plane, cached until something is applied."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._known: dict[tuple[str, str], Stage | None] = {}
        context.on_apply.append(self._clear)

    def api_of(self, name: str) -> str | None:
        """Return the id of the latest WebSocket API that has a stage of that name."""
        apis = self._context.backend("apigatewayv2").apis
        found = [
            api.api_id
            for api in list(apis.values())
            if api.protocol_type == "WEBSOCKET" and name in api.stages
        ]
        return found[-1] if found else None

    def find(self, api_id: str, name: str) -> Stage | None:
        """Return the stage; None if there is none or nothing is deployed to it."""
        key = (api_id, name)
        if key not in self._known:
            self._known[key] = self._read(api_id, name)
        return self._known[key]

    def _read(self, api_id: str, name: str) -> Stage | None:
        api = self._context.backend("apigatewayv2").apis.get(api_id)
        stage = api.stages.get(name) if api else None
        deployment = deployment_of(api, stage) if stage else None
        if stage is None or deployment is None:
            return None
        arn = f"arn:aws:execute-api:{self._context.region}:{self._context.account}:{api_id}/{name}"
        return Stage(
            arn=arn,
            routes={each.route_key: _route(each, deployment) for each in deployment.routes},
            selection=_selection(api.route_selection_expression),
            settings={**(stage.route_settings or {}), "": stage.default_route_settings or {}},
            access_log=access_log_of(stage.access_log_settings, arn),
        )

    def _clear(self) -> None:
        self._known = {}


def function_of(uri: str | None) -> str | None:
    """Return the ARN of the function that an integration calls; None if it calls anything else."""
    match = _LAMBDA.match(uri or "")
    return match[1] if match else None


def _route(route: Any, deployment: Deployment) -> Route:
    integration = deployment.integrations.get((route.target or "").removeprefix("integrations/"))
    replies = any(each.route_response_key == "$default" for each in route.route_responses.values())
    return Route(
        key=route.route_key,
        function=function_of(integration.integration_uri) if integration else None,
        replies=replies and route.route_response_selection_expression == "$default",
    )


def _selection(expression: str) -> tuple[str, ...]:
    match = _BODY_FIELD.match(expression)
    return tuple(match[1].split(".")) if match else ()


def access_log_of(settings: Mapping[str, str] | None, stage: str) -> AccessLog | None:
    """Return the access log of the stage with that ARN: one stream, named by a hash."""
    if not settings or not settings.get("destinationArn"):
        return None
    group = settings["destinationArn"].split(":log-group:")[-1].removesuffix(":*")
    stream = hashlib.sha256(stage.encode()).hexdigest()[:32]
    return AccessLog(group, stream, settings.get("format", ""))

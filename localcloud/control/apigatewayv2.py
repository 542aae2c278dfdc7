"""WebSocket APIs: deployments, and updates of a stage.

A deployment is a snapshot of the API's routes, integrations and route responses at the time it was
created: the data plane serves the stage's deployment, not the API as it is now.
"""

import copy
import json
import random
import string
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from moto.apigatewayv2 import models, urls
from moto.apigatewayv2.exceptions import APIGatewayV2Error, BadRequestException
from moto.apigatewayv2.responses import ApiGatewayV2Response

Json = dict[str, Any]
_ID = string.ascii_lowercase + string.digits


class DeploymentNotFoundError(APIGatewayV2Error):  # type: ignore[misc]
    """404, as moto says it of other context of an API."""

    code = 404

    def __init__(self, deployment_id: str) -> None:
        super().__init__(
            "NotFoundException", f"Invalid Deployment identifier specified {deployment_id}"
        )


class Deployment:
    """A deployment of an API."""

    def __init__(self, api: models.Api, description: str) -> None:
        self.deployment_id = "".join(random.choice(_ID) for _ in range(6))  # nosec B311 # a name
        self.description = description
        self.created = datetime.now(UTC)
        self.routes = copy.deepcopy(list(api.routes.values()))
        self.integrations = copy.deepcopy(api.integrations)

    def to_json(self) -> Json:
        """Return the deployment as the API describes it."""
        return {
            "deploymentId": self.deployment_id,
            "deploymentStatus": "DEPLOYED",
            "description": self.description,
            "autoDeployed": False,
            "createdDate": self.created.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }


def deployments_of(api: models.Api) -> dict[str, Deployment]:
    """Return the deployments of an API by id, the oldest first."""
    found: dict[str, Deployment] = api.__dict__.setdefault("deployments", {})
    return found


def deployment_of(api: models.Api, stage: models.Stage) -> Deployment | None:
    """Return the deployment that the stage serves; None if nothing was deployed to it."""
    return deployments_of(api).get(_deployment_id(stage) or "")


def _find(api: models.Api, deployment_id: str) -> Deployment:
    try:
        return deployments_of(api)[deployment_id]
    except KeyError:
        raise DeploymentNotFoundError(deployment_id) from None


def _create_deployment(self: ApiGatewayV2Response) -> tuple[int, Json, str]:
    body = _body(self)
    api = _api(self)
    if api.protocol_type == "WEBSOCKET" and not api.routes:
        raise BadRequestException("At least one route is required before deploying the Api.")
    stage = api.get_stage(body["stageName"]) if body.get("stageName") else None
    deployment = Deployment(api, body.get("description") or "")
    deployments_of(api)[deployment.deployment_id] = deployment
    if stage:
        stage.deployment_id = deployment.deployment_id
    return 201, {}, json.dumps(deployment.to_json())


def _get_deployment(self: ApiGatewayV2Response) -> tuple[int, Json, str]:
    return 200, {}, json.dumps(_find(_api(self), _last_segment(self)).to_json())


def _get_deployments(self: ApiGatewayV2Response) -> tuple[int, Json, str]:
    items = [each.to_json() for each in deployments_of(_api(self)).values()]
    return 200, {}, json.dumps({"items": items})


def _update_deployment(self: ApiGatewayV2Response) -> tuple[int, Json, str]:
    deployment = _find(_api(self), _last_segment(self))
    deployment.description = _body(self).get("description", deployment.description)
    return 200, {}, json.dumps(deployment.to_json())


def _delete_deployment(self: ApiGatewayV2Response) -> tuple[int, Json, str]:
    api = _api(self)
    deployment = _find(api, _last_segment(self))
    if any(_deployment_id(each) == deployment.deployment_id for each in api.stages.values()):
        raise BadRequestException(
            "Active stages pointing to this deployment must be moved or deleted"
        )
    del deployments_of(api)[deployment.deployment_id]
    return 204, {}, ""


def _update_stage(self: ApiGatewayV2Response) -> tuple[int, Json, str]:
    api = _api(self)
    stage = api.get_stage(_last_segment(self))
    body = _body(self)
    _set_deployment(api, stage, body)
    for name, value in body.items():
        if name in _STAGE_ATTRIBUTES:
            setattr(stage, _STAGE_ATTRIBUTES[name], value)
    stage.updated = datetime.now(UTC)
    return 200, {}, json.dumps(stage.to_json())


def _delete_access_log_settings(self: ApiGatewayV2Response) -> tuple[int, Json, str]:
    name = self.path.rsplit("/", 2)[1]
    _api(self).get_stage(name).access_log_settings = None
    return 204, {}, ""


_STAGE_ATTRIBUTES = {
    "accessLogSettings": "access_log_settings",
    "autoDeploy": "auto_deploy",
    "clientCertificateId": "client_certificate_id",
    "defaultRouteSettings": "default_route_settings",
    "description": "description",
    "routeSettings": "route_settings",
    "stageVariables": "stage_variables",
}


def _set_deployment(api: models.Api, stage: models.Stage, config: Json) -> None:
    """Let the stage serve the deployment in `config`, if there is one."""
    if config.get("deploymentId"):
        stage.deployment_id = _find(api, config["deploymentId"]).deployment_id


def _deployment_id(stage: models.Stage) -> str | None:
    found: str | None = stage.__dict__.get("deployment_id")
    return found


def _api(response: ApiGatewayV2Response) -> models.Api:
    return response.apigatewayv2_backend.get_api(response.path.split("/v2/apis/")[1].split("/")[0])


def _last_segment(response: ApiGatewayV2Response) -> str:
    last: str = response.path.rsplit("/", 1)[1]
    return last


def _body(response: ApiGatewayV2Response) -> Json:
    body: Json = json.loads(response.body or "{}")
    return body


def _stage_json(original: Callable[[models.Stage], Json]) -> Callable[[models.Stage], Json]:
    def to_json(self: models.Stage) -> Json:
        content = original(self)
        if _deployment_id(self):
            content["deploymentId"] = _deployment_id(self)
        return content

    return to_json


def _stage_created(
    original: Callable[[models.Api, Json], models.Stage],
) -> Callable[[models.Api, Json], models.Stage]:
    def create_stage(self: models.Api, config: Json) -> models.Stage:
        if config.get("deploymentId"):
            _find(self, config["deploymentId"])
        stage = original(self, config)
        _set_deployment(self, stage, config)
        return stage

    return create_stage


def _api_created(
    original: Callable[..., models.Api], gateway_url: str
) -> Callable[..., models.Api]:
    def create_api(self: models.ApiGatewayV2Backend, **options: Any) -> models.Api:
        api = original(self, **options)
        api.api_endpoint = gateway_url
        return api

    return create_api


def extend(gateway_url: str) -> None:
    """Extend moto with all of this; called once. The endpoint of every API is `gateway_url`."""
    for operation in (
        _create_deployment,
        _get_deployment,
        _get_deployments,
        _update_deployment,
        _delete_deployment,
        _update_stage,
        _delete_access_log_settings,
    ):
        setattr(ApiGatewayV2Response, operation.__name__[1:], operation)
    base = "{0}/v2/apis/(?P<api_id>[^/]+)/deployments"
    urls.url_paths[f"{base}$"] = ApiGatewayV2Response.dispatch
    urls.url_paths[f"{base}/(?P<deployment_id>[^/]+)$"] = ApiGatewayV2Response.dispatch
    stage = "{0}/v2/apis/(?P<api_id>[^/]+)/stages/(?P<stage_name>[^/]+)"
    urls.url_paths[f"{stage}/accesslogsettings$"] = ApiGatewayV2Response.dispatch
    models.Stage.to_json = _stage_json(models.Stage.to_json)
    models.Api.create_stage = _stage_created(models.Api.create_stage)
    backend = models.ApiGatewayV2Backend
    backend.create_api = _api_created(backend.create_api, gateway_url)

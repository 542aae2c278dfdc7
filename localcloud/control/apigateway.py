"""REST APIs: bodies in Swagger 2.0, as Chalice writes them, and snapshots of deployments.

moto imports OpenAPI 3 only, though all that it reads of a body (paths, methods, integrations) is
the same in both. It ignores `security` and gateway responses; both are added. A deployment is a
snapshot of the API at the time it was created, as for WebSocket APIs.
"""

import copy
from collections.abc import Callable, Mapping
from typing import Any

from moto.apigateway import models

Json = dict[str, Any]
_METHODS = {"delete", "get", "head", "options", "patch", "post", "put"}


def _put_rest_api(original: Callable[..., models.RestAPI]) -> Callable[..., models.RestAPI]:
    def put_rest_api(
        self: models.APIGatewayBackend,
        function_id: str,
        api_doc: Json,
        fail_on_warnings: bool,
        mode: str = "merge",
    ) -> models.RestAPI:
        swagger = str(api_doc.get("swagger", "")).startswith("2.")
        api = original(
            self, function_id, _as_openapi(api_doc), fail_on_warnings and not swagger, mode
        )
        for path, method, described in _methods(api_doc):
            resource = api.get_resource_for_path(path)
            resource.resource_methods[method.upper()].authorization_type = _authorization(
                api_doc, described
            )
        responses = api_doc.get("x-amazon-apigateway-gateway-responses") or {}
        for kind, response in responses.items():
            api.put_gateway_response(
                kind,
                response.get("statusCode"),
                response.get("responseParameters") or {},
                response.get("responseTemplates") or {},
            )
        return api

    return put_rest_api


def _as_openapi(document: Json) -> Json:
    """Return the same paths and methods under the version that moto accepts."""
    if "swagger" not in document:
        return document
    rest = {name: value for name, value in document.items() if name != "swagger"}
    paths = {
        path: {name: value for name, value in described.items() if name in _METHODS}
        for path, described in document.get("paths", {}).items()
    }
    return {**rest, "openapi": "3.0.1", "paths": paths}


def _methods(document: Json) -> list[tuple[str, str, Json]]:
    return [
        (path, method, described)
        for path, methods in document.get("paths", {}).items()
        for method, described in methods.items()
        if method in _METHODS
    ]


def _authorization(document: Json, method: Mapping[str, Any]) -> str:
    """Return `AWS_IAM` if the method requires SigV4, else `NONE`."""
    schemes = document.get("securityDefinitions") or {}
    required = [name for each in method.get("security", []) for name in each]
    kinds = {schemes.get(name, {}).get("x-amazon-apigateway-authtype") for name in required}
    return "AWS_IAM" if "awsSigv4" in kinds else "NONE"


def deployed_resources(api: models.RestAPI, stage: str) -> dict[str, models.Resource]:
    """Return the resources of the stage's deployment by path; none if nothing is deployed."""
    snapshots: dict[str, dict[str, models.Resource]] = api.__dict__.get("deployed", {})
    return snapshots.get(api.stages[stage].deployment_id, {})


def _created(original: Callable[..., models.Deployment]) -> Callable[..., models.Deployment]:
    def create_deployment(self: models.RestAPI, *args: Any, **options: Any) -> models.Deployment:
        deployment = original(self, *args, **options)
        resources = {each.get_path(): copy.copy(each) for each in self.resources.values()}
        for each in resources.values():
            each.resource_methods = dict(each.resource_methods)
        self.__dict__.setdefault("deployed", {})[deployment.id] = resources
        return deployment

    return create_deployment


def extend() -> None:
    """Extend moto with all of this; called once."""
    models.RestAPI.create_deployment = _created(models.RestAPI.create_deployment)
    backend = models.APIGatewayBackend
    backend.put_rest_api = _put_rest_api(backend.put_rest_api)

"""Requests that API Gateway refuses itself, and the gateway responses applied for them."""

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

_HEADER = "gatewayresponse.header."


class RefusedError(Exception):
    """A request that reaches no function; `kind` is the response type, such as `ACCESS_DENIED`."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind


def gateway_response(
    refusal: RefusedError, responses: Mapping[str, Any], request_id: str
) -> web.Response:
    """Return the gateway response of the type, or of all 4xx or 5xx, or AWS's own."""
    default = f"DEFAULT_{refusal.status // 100}XX"
    response = responses.get(refusal.kind) or responses.get(default)
    headers = {"x-amzn-ErrorType": refusal.kind, "Content-Type": "application/json"}
    body = '{"message":$context.error.messageString}'
    if response:
        body = (response.response_templates or {}).get("application/json", body)
        for name, value in (response.response_parameters or {}).items():
            if name.startswith(_HEADER):
                headers[name.removeprefix(_HEADER)] = value.strip("'")
    for name, value in (
        ("$context.error.messageString", json.dumps(str(refusal))),
        ("$context.error.responseType", refusal.kind),
        ("$context.requestId", request_id),
    ):
        body = body.replace(name, value)
    status = response.status_code if response and response.status_code else refusal.status
    return web.Response(status=int(status), body=body.encode(), headers=headers)

"""Chalice's local server, made fit for the operator API.

A path that the API does not have is refused as where it is deployed: there API Gateway does it, in
the words of `terraform/api.tf`; Chalice's own refusal has a form that no other error has.
And answers come at once: Chalice sends each in two pieces, and on a connection that is kept alive
Nagle's algorithm would hold the second back until the client acknowledges the first, 40 ms later.
"""

import json
from uuid import uuid4

from chalice.local import ChaliceRequestHandler, LocalGatewayException

_CODE = "MISSING_AUTHENTICATION_TOKEN"
"""API Gateway's, signed or not: where there is no path there is nothing to be let in to."""


def make_fit() -> None:
    """Changes every local server of Chalice's in this process from now on."""
    ChaliceRequestHandler._send_error_response = _send_problem
    ChaliceRequestHandler.disable_nagle_algorithm = True


def _send_problem(handler: ChaliceRequestHandler, error: LocalGatewayException) -> None:
    """Chalice raises it for unknown paths, and for authorizers that are functions: we have none."""
    request_id = str(uuid4())
    problem = {
        "type": "about:blank",
        "title": _CODE,
        "status": error.CODE,
        "detail": f"there is no {handler.path.partition('?')[0]}",
        "code": _CODE,
        "correlationId": request_id,
    }
    headers = {
        "Content-Type": "application/problem+json",
        "x-amzn-ErrorType": "MissingAuthenticationTokenException",
        "X-Request-Id": request_id,
    }
    handler._send_http_response(error.CODE, headers, json.dumps(problem))

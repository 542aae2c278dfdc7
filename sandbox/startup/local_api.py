"""Two corrections of Chalice's local server, for the operator API.

A path that the API does not have is refused with the problem document that the deployed API Gateway
sends (`terraform/api.tf`); Chalice's own refusal has a form that no other error has.
Responses are sent without delay: Chalice sends each in two pieces, and on a kept-alive connection
Nagle's algorithm would hold the second back until the client acknowledges the first, 40 ms later.
"""

import json
from uuid import uuid4

from chalice.local import ChaliceRequestHandler, LocalGatewayException

_CODE = "MISSING_AUTHENTICATION_TOKEN"
"""API Gateway's code for an unknown path, whether the request is signed or not."""


def correct_local_server() -> None:
    """Correct every local server of Chalice's in this process from now on."""
    ChaliceRequestHandler._send_error_response = _send_problem
    ChaliceRequestHandler.disable_nagle_algorithm = True


def _send_problem(handler: ChaliceRequestHandler, error: LocalGatewayException) -> None:
    """Refuse an unknown path. (Chalice also raises for authorizer functions; there are none.)"""
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

"""A path that the operator API does not have, refused on one machine as where it is deployed.

There API Gateway refuses it, in the words of `terraform/api.tf`. Here Chalice's local server does,
in a form that no other error of the operator API has.
"""

import json
from uuid import uuid4

from chalice.local import ChaliceRequestHandler, LocalGatewayException

_CODE = "MISSING_AUTHENTICATION_TOKEN"
"""API Gateway's, signed or not: where there is no path there is nothing to be let in to."""


def word_refusals() -> None:
    """From now on every local server of Chalice's in this process answers with a problem."""
    ChaliceRequestHandler._send_error_response = _send_problem


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

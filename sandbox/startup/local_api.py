"""Three corrections of Chalice's local server, for the operator API.

It answers only requests of this machine, as the sandbox does (`sandbox/http/hosts.py`).

A path that the API does not have is refused with the problem document that the deployed API Gateway
sends (`terraform/api.tf`); Chalice's own refusal has a form that no other error has.
Responses are sent without delay: Chalice sends each in two pieces, and on a kept-alive connection
Nagle's algorithm would hold the second back until the client acknowledges the first, 40 ms later.
"""

import json
import os
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler
from uuid import uuid4

from chalice.local import ChaliceRequestHandler, LocalGatewayException

from sandbox.http.hosts import AllowedHosts

_CODE = "MISSING_AUTHENTICATION_TOKEN"
"""API Gateway's code for an unknown path, whether the request is signed or not."""


def correct_local_server(hosts: AllowedHosts | None = None) -> None:
    """Correct every local server of Chalice's in this process from now on.

    `hosts` are by default those of this machine and those in `SANDBOX_HOSTS`.
    """
    allowed = hosts or AllowedHosts.of(os.environ)
    parse = BaseHTTPRequestHandler.parse_request

    def parse_of(handler: ChaliceRequestHandler) -> bool:
        """Parse a request's head; refuse what is not of this machine and return False."""
        if not parse(handler):
            return False
        headers = handler.headers
        refusal = allowed.refusal_of(headers.get_all("Host", []), headers.get_all("Origin", []))
        if refusal:
            handler.close_connection = True
            _respond(handler, 403, "FORBIDDEN", refusal, {"Connection": "close"})
        return not refusal

    ChaliceRequestHandler.parse_request = parse_of
    ChaliceRequestHandler._send_error_response = _send_problem
    ChaliceRequestHandler.disable_nagle_algorithm = True


def _send_problem(handler: ChaliceRequestHandler, error: LocalGatewayException) -> None:
    """Refuse an unknown path. (Chalice also raises for authorizer functions; there are none.)"""
    detail = f"there is no {handler.path.partition('?')[0]}"
    kind = {"x-amzn-ErrorType": "MissingAuthenticationTokenException"}
    _respond(handler, error.CODE, _CODE, detail, kind)


def _respond(
    handler: ChaliceRequestHandler, status: int, code: str, detail: str, more: Mapping[str, str]
) -> None:
    request_id = str(uuid4())
    problem = {
        "type": "about:blank",
        "title": code,
        "status": status,
        "detail": detail,
        "code": code,
        "correlationId": request_id,
    }
    headers = {"Content-Type": "application/problem+json", "X-Request-Id": request_id, **more}
    handler._send_http_response(status, headers, json.dumps(problem))

"""Events of a REST API's proxy integration.

API Gateway Developer Guide, "Input format of a Lambda function for proxy integration".
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from sandbox.gateway.events import new_id
from sandbox.http.signature import SignedRequest


@dataclass(frozen=True)
class RestCall:
    """A request to a stage."""

    request: SignedRequest
    headers: Mapping[str, list[str]]
    """Names are spelled as the client sent them."""
    api_id: str
    stage: str
    path: str
    """Without the stage."""
    source_ip: str
    at: int
    """Milliseconds of the account's clock."""
    resource: str = ""
    """The path's template, `/v1/sessions/{sessionId}`; `""` until it is found."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    caller: str | None = None
    """The access key of the signature; None for a method without authorization."""
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    extended_id: str = field(default_factory=new_id)


def rest_event(call: RestCall, account: str) -> dict[str, Any]:
    """Return the event that the function gets."""
    query = parse_qsl(call.request.query, keep_blank_values=True)
    several: dict[str, list[str]] = {}
    for name, value in query:
        several.setdefault(name, []).append(value)
    return {
        "resource": call.resource,
        "path": call.path,
        "httpMethod": call.request.method,
        "headers": {name: values[-1] for name, values in call.headers.items()},
        "multiValueHeaders": dict(call.headers),
        "queryStringParameters": dict(query) or None,
        "multiValueQueryStringParameters": several or None,
        "pathParameters": dict(call.parameters) or None,
        "stageVariables": None,
        "requestContext": request_context(call, account),
        "body": call.request.body.decode("utf-8", "replace") or None,
        "isBase64Encoded": False,
    }


def request_context(call: RestCall, account: str) -> dict[str, Any]:
    """Return the event's `requestContext`, whose fields the access log's variables name."""
    moment = datetime.fromtimestamp(call.at / 1000, UTC)
    arn = f"arn:aws:iam::{account}:user/{call.caller}" if call.caller else None
    return {
        "accountId": account,
        "apiId": call.api_id,
        "domainName": call.request.headers.get("host", ""),
        "extendedRequestId": call.extended_id,
        "httpMethod": call.request.method,
        "identity": {
            "accessKey": call.caller,
            "accountId": account if call.caller else None,
            "caller": call.caller,
            "sourceIp": call.source_ip,
            "user": call.caller,
            "userAgent": call.request.headers.get("user-agent"),
            "userArn": arn,
        },
        "path": f"/{call.stage}{call.path}",
        "protocol": "HTTP/1.1",
        "requestId": call.request_id,
        "requestTime": moment.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "requestTimeEpoch": call.at,
        "resourcePath": call.resource,
        "stage": call.stage,
    }

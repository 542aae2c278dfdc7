"""The event of a REST API's proxy integration ("Input format of a Lambda function for proxy")."""

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
    """One request to a stage."""

    request: SignedRequest
    headers: Mapping[str, list[str]]
    """As the client wrote their names."""
    api_id: str
    stage: str
    path: str
    """Below the stage."""
    source_ip: str
    at: int
    """Milliseconds of the account's clock."""
    resource: str = ""
    """Its template, `/v1/sessions/{sessionId}`; `""` until it is found."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    caller: str | None = None
    """Whose key it is signed with; None for a method that asks for no signature."""
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    extended_id: str = field(default_factory=new_id)


def rest_event(call: RestCall, account: str) -> dict[str, Any]:
    """The event."""
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
    """What the event says of the request, and variables of the access log have in them."""
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

"""The events that API Gateway sends to the handlers of a WebSocket API, field for field.

Shapes: "API Gateway WebSocket API mapping template reference" and recorded events.
"""

import base64
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from chalicelib.domain.types import ConnectionId, Millis
from sandbox.http.identifiers import gateway_id, uuid_text

API_ID = "local0sbox"
DISCONNECT_REASONS = {
    1000: "Connection Closed Normally",
    1001: "Going away",
    1005: "Client-side close frame status not set",
    1006: "Connection closed abnormally",
}


def new_id() -> str:
    """Return a connection id that nobody can guess: 11 random bytes, like `L0SM9cOFvHcCIhw=`."""
    return base64.urlsafe_b64encode(os.urandom(11)).decode("ascii")


@dataclass(frozen=True)
class Handshake:
    """The facts about a socket that its opening handshake gives."""

    connection_id: ConnectionId
    connected_at: Millis
    domain_name: str
    stage: str
    source_ip: str
    headers: Sequence[tuple[str, str]] = ()
    query: Sequence[tuple[str, str]] = ()
    user_agent: str | None = field(default=None)
    api_id: str = API_ID


def connect_event(handshake: Handshake, now: Millis) -> dict[str, Any]:
    """Return a `$connect` event, the only one with the query string and the client's headers."""
    headers = [
        *handshake.headers,
        ("X-Amzn-Trace-Id", f"Root=1-{now // 1000:08x}-{os.urandom(12).hex()}"),
        ("X-Forwarded-For", handshake.source_ip),
        ("X-Forwarded-Port", _port(handshake.domain_name)),
        ("X-Forwarded-Proto", "http"),
    ]
    event = {**_headers(headers), "isBase64Encoded": False}
    if handshake.query:
        event["queryStringParameters"] = dict(handshake.query)
        event["multiValueQueryStringParameters"] = _multi(handshake.query)
    event["requestContext"] = _context(handshake, now, "$connect", "CONNECT")
    return event


def message_event(
    handshake: Handshake, now: Millis, body: str, route_key: str = "$default"
) -> dict[str, Any]:
    """Return the event of a text message, for the route that its content selects."""
    context = _context(handshake, now, route_key, "MESSAGE")
    context["messageId"] = gateway_id()
    return {"requestContext": context, "body": body, "isBase64Encoded": False}


def disconnect_event(handshake: Handshake, now: Millis, code: int, reason: str) -> dict[str, Any]:
    """Return a `$disconnect` event.

    `code` is that of the close frame: 1005 for a frame without one, 1006 for no frame.
    """
    context = _context(handshake, now, "$disconnect", "DISCONNECT")
    context["disconnectStatusCode"] = code
    context["disconnectReason"] = reason or DISCONNECT_REASONS.get(code, "")
    headers = [
        ("Host", handshake.domain_name),
        ("x-api-key", ""),
        ("X-Forwarded-For", ""),
        ("x-restapi", ""),
    ]
    return {**_headers(headers), "requestContext": context, "isBase64Encoded": False}


def _context(handshake: Handshake, now: Millis, route_key: str, event_type: str) -> dict[str, Any]:
    identity = {"sourceIp": handshake.source_ip}
    if handshake.user_agent is not None:
        identity["userAgent"] = handshake.user_agent
    return {
        "routeKey": route_key,
        "eventType": event_type,
        "extendedRequestId": gateway_id(),
        "requestTime": _request_time(now // 1000),
        "messageDirection": "IN",
        "stage": handshake.stage,
        "connectedAt": handshake.connected_at,
        "requestTimeEpoch": now,
        "identity": identity,
        "requestId": uuid_text(),
        "domainName": handshake.domain_name,
        "connectionId": handshake.connection_id,
        "apiId": handshake.api_id,
    }


@lru_cache(maxsize=8)
def _request_time(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")


def _port(host: str) -> str:
    """Return the port in a `Host` header, such as `[::1]:8001`; 80 if it has none."""
    name, _, port = host.rpartition(":")
    return port if name and port.isdecimal() else "80"


def _headers(headers: Sequence[tuple[str, str]]) -> dict[str, Any]:
    return {"headers": dict(headers), "multiValueHeaders": _multi(headers)}


def _multi(pairs: Sequence[tuple[str, str]]) -> Mapping[str, list[str]]:
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return values

"""The outcome of a handler, and API Gateway's own error where no handler has one."""

import json
import logging
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec import UNSET

from chalicelib.domain.types import Millis
from chalicelib.errors import ClientError, Code, RateLimited, Unavailable
from chalicelib.protocol.codec import Envelope, encode, error_message, open_envelope
from sandbox.gateway.connection import MAX_MESSAGE

logger = logging.getLogger(__name__)

RETRY_SECONDS = 1


@dataclass(frozen=True)
class Outcome:
    """The result of an event: a status, a body for the client, response headers."""

    status: int
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    from_handler: bool = False
    """True for a handler's own response, False for the gateway's."""


Failure = Callable[[int, str], Outcome]
"""Takes API Gateway's status and message for an error of its own; returns the client's outcome."""


def aws_failure(status: int, message: str) -> Outcome:
    """Return API Gateway's own body, without its ids: they never leave the stack (PROTOCOL 2)."""
    return Outcome(status, json.dumps({"message": message}))


def protocol_failure(clock: Callable[[], Millis]) -> Failure:
    """Return failures in the form of PROTOCOL 1.3 and 2, which a real gateway does not have."""

    def failure(status: int, message: str) -> Outcome:
        error = _client_error(status, message)
        body = error_message(error, Envelope(), clock())
        if error.code is Code.INTERNAL_ERROR:
            body.correlation_id = str(uuid.uuid4())
        headers = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
        return Outcome(error.status, encode(body).decode(), headers)

    return failure


def with_envelope(text: str, body: str) -> str:
    """Add the `action` and `id` of a client's message to the gateway's error for it (PROTOCOL 2).

    A real gateway does not look into messages.
    """
    try:
        envelope = open_envelope(text.encode("utf-8", "surrogatepass"))
    except ClientError:
        return body
    fields = {"action": envelope.echoed_action, "id": envelope.echoed_id}
    return json.dumps(json.loads(body) | {k: v for k, v in fields.items() if v is not UNSET})


def outcome_of(response: Any, failure: Failure) -> Outcome:
    """Return the outcome in a Lambda proxy response, or the failure for a malformed one."""
    status = response.get("statusCode") if isinstance(response, dict) else None
    body = response.get("body", "") if isinstance(response, dict) else None
    if not isinstance(status, int) or not isinstance(body, str | None):
        logger.error("A handler returned neither a statusCode nor a text body")
        return failure(502, "Internal server error")
    if body and len(body) > MAX_MESSAGE // 4 and len(body.encode()) > MAX_MESSAGE:
        logger.error(
            "A handler returned more than API Gateway sends: %d bytes at most", MAX_MESSAGE
        )
        return failure(502, "Internal server error")
    headers = {name: str(value) for name, value in (response.get("headers") or {}).items()}
    return Outcome(status, body or "", headers, from_handler=True)


def _client_error(status: int, message: str) -> ClientError:
    if status == 429:
        return RateLimited(Code.RATE_LIMITED, message, retry_after=RETRY_SECONDS)
    if status == 504:
        return Unavailable(Code.SERVICE_UNAVAILABLE, message, retry_after=RETRY_SECONDS)
    return ClientError(Code.INTERNAL_ERROR, message)

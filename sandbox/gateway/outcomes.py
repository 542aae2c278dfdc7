"""What a handler came to, and how API Gateway words what went wrong without one."""

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
    """What a handler came to: a status, a body for the client, response headers."""

    status: int
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    of_handler: bool = False
    """Whether a handler said so, and not the gateway."""


Failure = Callable[[int, str], Outcome]
"""From API Gateway's status and message for a failure of its own to what the client gets."""


def as_aws(status: int, message: str) -> Outcome:
    """As API Gateway says it, but without its ids: they never leave the stack (PROTOCOL 2)."""
    return Outcome(status, json.dumps({"message": message}))


def as_the_protocol(clock: Callable[[], Millis]) -> Failure:
    """As PROTOCOL 1.3 and 2 promise it, which a real gateway does not keep."""

    def failure(status: int, message: str) -> Outcome:
        error = _client_error(status, message)
        body = error_message(error, Envelope(), clock())
        if error.code is Code.INTERNAL_ERROR:
            body.correlation_id = str(uuid.uuid4())
        headers = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
        return Outcome(error.status, encode(body).decode(), headers)

    return failure


def answering(text: str, body: str) -> str:
    """An error of the gateway's own with the `action` and `id` of the message that it answers.

    As PROTOCOL 2 promises it; a real gateway does not look into messages.
    """
    try:
        envelope = open_envelope(text.encode("utf-8", "surrogatepass"))
    except ClientError:
        return body
    fields = {"action": envelope.echoed_action, "id": envelope.echoed_id}
    return json.dumps(json.loads(body) | {k: v for k, v in fields.items() if v is not UNSET})


def outcome_of(answer: Any, failure: Failure) -> Outcome:
    """A Lambda proxy response, or AWS's error for one that is malformed."""
    status = answer.get("statusCode") if isinstance(answer, dict) else None
    body = answer.get("body", "") if isinstance(answer, dict) else None
    if not isinstance(status, int) or not isinstance(body, str | None):
        logger.error("A handler answered with neither statusCode nor a text body")
        return failure(502, "Internal server error")
    if body and len(body) > MAX_MESSAGE // 4 and len(body.encode()) > MAX_MESSAGE:
        logger.error("A handler answered with more than API Gateway sends: %d KB", MAX_MESSAGE)
        return failure(502, "Internal server error")
    headers = {name: str(value) for name, value in (answer.get("headers") or {}).items()}
    return Outcome(status, body or "", headers, of_handler=True)


def _client_error(status: int, message: str) -> ClientError:
    if status == 429:
        return RateLimited(Code.RATE_LIMITED, message, retry_after=RETRY_SECONDS)
    if status == 504:
        return Unavailable(Code.SERVICE_UNAVAILABLE, message, retry_after=RETRY_SECONDS)
    return ClientError(Code.INTERNAL_ERROR, message)

"""The messages of the stack, held against the document for clients, docs/use/asyncapi.yaml.

Every message that a conformance client receives is checked, whatever the test is about. The status
of each error code is written down here once more, by hand: PROTOCOL 2.
"""

import re
from collections.abc import Iterator
from typing import Any

from jsonschema_rs import ValidationError

from tests.schemas import check_said

Message = dict[str, Any]

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?")
_FORMS = {
    "sessionId": re.compile(r"[a-z]+-[a-z]+-[0-9]{3}"),
    "sourceLanguage": _LANGUAGE,
    "targetLanguage": _LANGUAGE,
    "topic": re.compile(r"[A-Za-z0-9._-]{1,64}"),
}
_MOST = {"volume": 1, "percentage": 100}
_ANYTHING = {"action", "data", "id", "result"}
"""Fields whose values are those of a client or of its request."""
STATUS_OF_CODE = {
    "INVALID_JSON": 400,
    "INVALID_MESSAGE": 400,
    "UNKNOWN_ACTION": 400,
    "NOT_IN_SESSION": 400,
    "UNAUTHORIZED": 401,
    "TOKEN_INVALID": 401,
    "TOKEN_EXPIRED": 401,
    "FORBIDDEN": 403,
    "SESSION_NOT_FOUND": 404,
    "SESSION_INACTIVE": 404,
    "REQUEST_NOT_FOUND": 404,
    "ALREADY_IN_SESSION": 409,
    "BROADCAST_PAUSED": 409,
    "PAYLOAD_TOO_LARGE": 413,
    "RATE_LIMITED": 429,
    "SESSION_FULL": 503,
    "SERVICE_UNAVAILABLE": 503,
    "INTERNAL_ERROR": 500,
}


def problems(message: Any) -> list[str]:
    """Return the faults of a message, as sentences; none if it is as PROTOCOL says."""
    try:
        check_said(message)
    except (KeyError, TypeError):
        return [f"no message of the protocol: {message!r:.300}"]
    except ValidationError as fault:
        return [f"{message['type']}: {fault.message}"]
    found = _error_problems(message) if message["type"] == "error" else []
    found += _value_problems(message)
    found += [problem for each in message.get("missed", ()) for problem in problems(each)]
    return [f"{message['type']}: {problem}" for problem in found]


def _value_problems(fields: dict[str, Any]) -> Iterator[str]:
    """Find what the document's types allow: other forms, empty texts, numbers out of range."""
    for name, value in fields.items():
        if name in _ANYTHING:
            continue
        if isinstance(value, dict):
            yield from _value_problems(value)
        elif isinstance(value, str):
            if not value or (name in _FORMS and not _FORMS[name].fullmatch(value)):
                yield f"{name} is {value!r}"
        elif isinstance(value, int | float) and not 0 <= value <= _MOST.get(name, value):
            yield f"{name} is {value}"


def _error_problems(message: Message) -> list[str]:
    status, code = message.get("status"), message.get("code")
    found = []
    if STATUS_OF_CODE.get(str(code)) != status:
        found.append(f"{code} comes with status {status}")
    if (status in {429, 503}) != ("retryAfter" in message):
        found.append("retryAfter belongs to 429 and 503")
    if (status == 500) != ("correlationId" in message):
        found.append("correlationId belongs to 500")
    if "details" in message and status != 400:
        found.append("details belong to 400")
    return found

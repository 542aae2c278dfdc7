"""The schema of every message that the stack sends: PROTOCOL 2 to 5, field by field.

Every message that a conformance client receives is checked against it, whatever the test is about.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

Message = dict[str, Any]
Check = Callable[[Any], bool]

SESSION_ID = re.compile(r"^[a-z]+-[a-z]+-[0-9]{3}$")
LANGUAGE = re.compile(r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?$")
TOPIC = re.compile(r"^[A-Za-z0-9._-]{1,64}$")

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


def text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def anything(_: Any) -> bool:
    return True


def one_of(*values: str) -> Check:
    return lambda value: value in values


def matching(pattern: re.Pattern[str]) -> Check:
    return lambda value: isinstance(value, str) and pattern.match(value) is not None


def whole_by_name(value: Any) -> bool:
    return isinstance(value, dict) and all(map(text, value)) and all(map(whole, value.values()))


def broadcast_state(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() == {"isActive", "isPaused", "isMuted", "volume", "lastStateChange"}
        and all(isinstance(value[name], bool) for name in ("isActive", "isPaused", "isMuted"))
        and isinstance(value["volume"], int | float)
        and 0 <= value["volume"] <= 1
        and whole(value["lastStateChange"])
    )


def broadcasts(value: Any) -> bool:
    return isinstance(value, list) and not any(problems(message) for message in value)


def field_problems(value: Any) -> bool:
    return isinstance(value, list) and all(each.keys() == {"field", "problem"} for each in value)


session_id, language, topic = matching(SESSION_ID), matching(LANGUAGE), matching(TOPIC)
_state = {"broadcastState": broadcast_state, "stateVersion": whole}
_session = {"sessionId": session_id}
_recovery = {"missed?": broadcasts, "gap?": lambda value: isinstance(value, bool)}
_role = one_of("speaker", "listener")
_request = {"requestId": text}

# A name that ends with "?" may be absent.
FIELDS: Mapping[str, Mapping[str, Check]] = {
    "error": {
        "status": whole,
        "code": one_of(*STATUS_OF_CODE),
        "message": text,
        "action?": anything,
        "retryAfter?": whole,
        "details?": field_problems,
        "correlationId?": text,
    },
    "sessionCreated": {
        **_session,
        "sourceLanguage": language,
        "qualityTier": one_of("standard", "premium"),
        **_state,
        "resumeToken": text,
        "heartbeatInterval": whole,
        "expiresAt": whole,
    },
    "sessionJoined": {
        **_session,
        "sourceLanguage": language,
        "targetLanguage": language,
        **_state,
        "lastSeq": whole_by_name,
        "resumeToken": text,
        "heartbeatInterval": whole,
        **_recovery,
    },
    "connectionRefreshComplete": {
        **_session,
        "role": _role,
        "sourceLanguage": language,
        "targetLanguage?": language,
        **_state,
        "lastSeq": whole_by_name,
        "resumeToken": text,
        **_recovery,
    },
    "recovered": {
        **_session,
        "lastSeq": whole_by_name,
        "missed": broadcasts,
        "gap": lambda value: isinstance(value, bool),
    },
    "languageChanged": {**_session, "targetLanguage": language, "lastSeq?": whole_by_name},
    "sessionLeft": _session,
    "heartbeatAck": {
        "connectionAge": whole,
        "heartbeatInterval": whole,
        "lastSeq?": whole_by_name,
    },
    "authenticated": {},
    "broadcastStateChanged": {**_session, **_state},
    "broadcastAccepted": {
        **_session,
        "stream": text,
        "seq": whole,
        "recipients": whole,
        "requestId?": text,
    },
    "subscribed": {"topic": topic},
    "unsubscribed": {"topic": topic},
    "published": {"topic": topic, "recipients": whole},
    "requestAccepted": {**_request, "request": text, "status": text},
    "requestProgress": {**_request, "percentage": lambda value: whole(value) and value <= 100},
    "requestCompleted": {**_request, "result": anything},
    "requestFailed": {**_request, "code": text, "message": text},
    "requestCancelled": _request,
    "broadcast": {**_session, "stream": text, "seq": whole, "data": anything},
    "topicMessage": {**_session, "topic": topic, "data": anything},
    "sessionStatus": {
        **_session,
        "listenerCount": whole,
        "languageDistribution": whole_by_name,
        "sessionDuration": whole,
        "broadcastState": broadcast_state,
        "updateReason": one_of("requested", "periodic", "listenerCountChange", "newLanguage"),
    },
    "sessionEnded": {
        **_session,
        "reason": one_of("endedBySpeaker", "speakerDisconnected", "expired", "endedByOperator"),
        "message": text,
    },
    "speakerReconnecting": {**_session, "deadline": whole},
    "speakerReturned": {**_session, "deadline": whole},
    "connectionRefreshRequired": {
        **_session,
        "role": _role,
        "targetLanguage?": language,
        "connectionAge": whole,
        "message": text,
    },
    "connectionWarning": {"remainingMinutes": whole, "message": text},
    "connectionTimeout": {"idleSeconds": whole, "message": text},
    "tokenExpiring": {"expiresAt": whole},
}


def problems(message: Any) -> list[str]:
    """Return the differences of a message from PROTOCOL, in words; none if it conforms."""
    if not isinstance(message, dict) or message.get("type") not in FIELDS:
        return [f"no message of the protocol: {message!r:.300}"]
    fields = {"type": text, "timestamp": whole, "id?": anything, **FIELDS[message["type"]]}
    names = {name.removesuffix("?"): check for name, check in fields.items()}
    found = [f"{name} is missing" for name in fields if not _present(name, message)]
    found += [f"{name} is not in the protocol" for name in message.keys() - names.keys()]
    found += [
        f"{name} is {message[name]!r}"
        for name, check in names.items()
        if name in message and not check(message[name])
    ]
    if message["type"] == "error":
        found += _error_problems(message)
    return [f"{message['type']}: {problem}" for problem in found]


def _present(name: str, message: Message) -> bool:
    return name.endswith("?") or name in message


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

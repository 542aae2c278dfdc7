"""Lines of a stage's access log, in the applied format.

Variables are those of "Setting up logging for WebSocket APIs" and the mapping template reference.
A variable without a value, or one that is not supported, is `-`, as on AWS.
"""

import re
import time
from collections.abc import Mapping
from typing import Any

from sandbox.gateway.integrations import Call
from sandbox.gateway.outcomes import Outcome

_VARIABLE = re.compile(r"\$context\.([A-Za-z.]+[A-Za-z])")
_RESPONSE_TYPES = {
    403: "ACCESS_DENIED",
    429: "THROTTLED",
    500: "DEFAULT_5XX",
    502: "DEFAULT_5XX",
    504: "INTEGRATION_TIMEOUT",
}


def access_log_line(template: str, call: Call, outcome: Outcome) -> str:
    """Return the line of one call."""
    return filled(template, {**call.event()["requestContext"], **_of_outcome(call, outcome)})


def filled(template: str, variables: Mapping[str, Any]) -> str:
    """Return `template` with the values of `variables` in place of `$context.…`."""
    known = _flat(variables)
    return _VARIABLE.sub(lambda match: str(known.get(match[1], "-")), template)


def _of_outcome(call: Call, outcome: Outcome) -> dict[str, Any]:
    known: dict[str, Any] = {"status": outcome.status}
    if outcome.from_handler:
        known["integration"] = {"status": 200, "integrationStatus": outcome.status}
        known["integrationLatency"] = round((time.monotonic() - call.begun) * 1000)
    elif outcome.status in _RESPONSE_TYPES:
        known["error"] = {"responseType": _RESPONSE_TYPES[outcome.status]}
    return known


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat

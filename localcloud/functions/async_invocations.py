"""Asynchronous invocations: accepted at once, run soon, tried again, told to a destination.

AWS Lambda Developer Guide, "How Lambda handles errors and retries with asynchronous invocation":
a function that fails is tried again after one minute, and after two more; one that is throttled
for as long as the event may be old, after a second at first and then ever later.
"""

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from localcloud.context import Context
from localcloud.errors import NoSuchFunctionError, TooLargeError
from localcloud.errors import TooManyRequestsError as Throttled
from localcloud.functions.configuration import (
    LATEST,
    AsyncConfiguration,
    async_configuration,
    configuration,
)
from localcloud.functions.destinations import deliver
from localcloud.functions.results import InvokeResponse
from localcloud.permissions import Permissions

LARGEST = 1024 * 1024
"""Bytes of an asynchronous event."""
RETRY_SECONDS = 60.0
THROTTLED_SECONDS = 1.0
THROTTLED_MOST = 300.0

Invoke = Callable[[str, bytes, str, str], InvokeResponse]
"""Function, payload, request id, trace."""


@dataclass
class _Waiting:
    function: str
    payload: bytes
    trace: str
    accepted: int
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    invoked: int = 0
    throttled: int = 0


class AsyncInvocations:
    """Lambda's queue of asynchronous events."""

    def __init__(self, context: Context, permissions: Permissions, invoke: Invoke) -> None:
        self._context = context
        self._permissions = permissions
        self._invoke = invoke

    def submit(self, function: str, event: Mapping[str, Any], trace: str) -> str:
        """Accepts an event; answers its request id. Raises NoSuchFunctionError, TooLargeError."""
        configuration(self._context, function)
        payload = json.dumps(event).encode()
        if len(payload) > LARGEST:
            raise TooLargeError(f"{len(payload)} bytes are too many for an asynchronous event")
        waiting = _Waiting(function, payload, trace, self._context.clock())
        self._soon(waiting)
        return waiting.request_id

    def _soon(self, waiting: _Waiting) -> None:
        self._context.activity.begin()

        def work() -> None:
            try:
                self._try(waiting)
            finally:
                self._context.activity.end()

        self._context.pool.submit(work)

    def _try(self, waiting: _Waiting) -> None:
        try:
            rules = async_configuration(self._context, waiting.function)
            answer = self._invoke(
                waiting.function, waiting.payload, waiting.request_id, waiting.trace
            )
        except NoSuchFunctionError:
            return  # deleted meanwhile
        except Throttled:
            waiting.throttled += 1
            delay = min(THROTTLED_SECONDS * 2 ** (waiting.throttled - 1), THROTTLED_MOST)
            self._again(waiting, delay, rules, None)
            return
        waiting.invoked += 1
        if answer.error is None:
            self._tell(rules.on_success, waiting, "Success", answer)
        elif waiting.invoked > rules.retries:
            self._tell(rules.on_failure, waiting, "RetriesExhausted", answer)
        else:
            self._again(waiting, RETRY_SECONDS * waiting.invoked, rules, answer)

    def _again(
        self,
        waiting: _Waiting,
        delay: float,
        rules: AsyncConfiguration,
        answer: InvokeResponse | None,
    ) -> None:
        give_up = waiting.accepted + rules.max_age * 1000
        if self._context.clock() + round(delay * 1000) > give_up:
            self._tell(rules.on_failure, waiting, "EventAgeExceeded", answer)
        else:
            self._context.clock.after(delay, lambda: self._soon(waiting))

    def _tell(
        self,
        destination: str | None,
        waiting: _Waiting,
        condition: str,
        answer: InvokeResponse | None,
    ) -> None:
        if destination is None:
            return
        applied = configuration(self._context, waiting.function)
        now = datetime.fromtimestamp(self._context.clock() / 1000, UTC)
        record = {
            "version": "1.0",
            "timestamp": now.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
            "requestContext": {
                "requestId": waiting.request_id,
                "functionArn": f"{applied.arn}:{LATEST}",
                "condition": condition,
                "approximateInvokeCount": waiting.invoked,
            },
            "requestPayload": json.loads(waiting.payload),
            **(_response(answer, applied.version) if answer else {}),
        }
        deliver(self._context, self._permissions, applied.role, destination, record)


def _response(answer: InvokeResponse, version: str) -> Mapping[str, Any]:
    response = {"statusCode": 200, "executedVersion": version}
    if answer.error:
        response["functionError"] = answer.error
    return {"responseContext": response, "responsePayload": json.loads(answer.payload)}

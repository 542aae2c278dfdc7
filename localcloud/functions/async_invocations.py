"""Asynchronous invocations: accepted at once, run later, retried, given up.

AWS Lambda Developer Guide, "How Lambda handles errors and retries with asynchronous invocation":
a failed event is retried after one minute and after two more; a throttled one with exponential
backoff from one second on, until it reaches its maximum age. Destinations of such events are not
supported: the project applies none.
"""

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from localcloud.context import Context
from localcloud.errors import NoSuchFunctionError, TooLargeError
from localcloud.errors import TooManyRequestsError as Throttled
from localcloud.functions.configuration import (
    AsyncConfiguration,
    async_configuration,
    configuration,
)
from localcloud.functions.results import InvokeResponse
from sandbox.functions.concurrency import backoff

MAX_BYTES = 1024 * 1024
"""Of an asynchronous event."""
RETRY_SECONDS = 60.0

Invoke = Callable[[str, bytes, str, str], InvokeResponse]
"""Takes function, payload, request id and trace."""


@dataclass
class _PendingEvent:
    function: str
    payload: bytes
    trace: str
    accepted: int
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    invoked: int = 0
    throttled: int = 0


class AsyncInvocations:
    """Lambda's queue of asynchronous events."""

    def __init__(self, context: Context, invoke: Invoke) -> None:
        self._context = context
        self._invoke = invoke

    def submit(self, function: str, event: Mapping[str, Any], trace: str) -> str:
        """Accept an event and return its request id. Raises NoSuchFunctionError, TooLargeError."""
        configuration(self._context, function)
        payload = json.dumps(event).encode()
        if len(payload) > MAX_BYTES:
            raise TooLargeError(f"{len(payload)} bytes are too many for an asynchronous event")
        pending = _PendingEvent(function, payload, trace, self._context.clock())
        self._run(pending)
        return pending.request_id

    def _run(self, pending: _PendingEvent) -> None:
        self._context.run_in_background(lambda: self._invoke_event(pending))

    def _invoke_event(self, pending: _PendingEvent) -> None:
        try:
            rules = async_configuration(self._context, pending.function)
            response = self._invoke(
                pending.function, pending.payload, pending.request_id, pending.trace
            )
        except NoSuchFunctionError:
            return  # deleted meanwhile
        except Throttled:
            pending.throttled += 1
            self._retry(pending, backoff(pending.throttled), rules)
            return
        pending.invoked += 1
        if response.error is not None and pending.invoked <= rules.retries:
            self._retry(pending, RETRY_SECONDS * pending.invoked, rules)

    def _retry(self, pending: _PendingEvent, delay: float, rules: AsyncConfiguration) -> None:
        """Run the event again after `delay` seconds, unless it is too old by then."""
        give_up = pending.accepted + rules.max_age * 1000
        if self._context.clock() + round(delay * 1000) <= give_up:
            self._context.clock.after(delay, lambda: self._run(pending))

"""Invocations of a function by an event source."""

import json
from collections.abc import Mapping
from typing import Any

from localcloud.errors import AccountError, TooManyRequestsError
from localcloud.functions import Functions
from sandbox.functions.functions import Event, FunctionError, ThrottledError
from sandbox.sources.batches import Attempt


class FunctionInvoker:
    """Invokes the function with one ARN."""

    def __init__(self, functions: Functions, function: str) -> None:
        self._functions = functions
        self._function = function

    def __call__(self, event: Event) -> Any:
        """Return what the function returned. Raises FunctionError, ThrottledError."""
        done = self.attempt(event)
        if done.throttled:
            raise ThrottledError(self._function)
        if done.failed:
            raise FunctionError(self._function)
        return done.response

    def attempt(self, event: Mapping[str, Any]) -> Attempt:
        """Invoke the function; the result says whether that failed."""
        try:
            answer = self._functions.invoke(self._function, event)
        except AccountError as problem:
            throttled = isinstance(problem, TooManyRequestsError)
            return Attempt(None, failed=True, throttled=throttled)
        failed = answer.error is not None
        return Attempt(None if failed else json.loads(answer.payload), failed, answer.request_id)

"""A function as an event source calls it."""

import json
from collections.abc import Mapping
from typing import Any

from localcloud.errors import AccountError
from localcloud.functions import Functions
from sandbox.functions.functions import Event, FunctionError
from sandbox.sources.batches import Attempt


class FunctionInvoker:
    """Calls the function of one ARN."""

    def __init__(self, functions: Functions, function: str) -> None:
        self._functions = functions
        self._function = function

    def __call__(self, event: Event) -> Any:
        """What the function returned. Raises FunctionError where it failed or found no room."""
        tried = self.try_it(event)
        if tried.failed:
            raise FunctionError(self._function)
        return tried.response

    def try_it(self, event: Mapping[str, Any]) -> Attempt:
        """The same, and how it went."""
        try:
            answer = self._functions.invoke(self._function, event)
        except AccountError:
            return Attempt(None, failed=True)
        failed = answer.error is not None
        return Attempt(None if failed else json.loads(answer.payload), failed, answer.request_id)

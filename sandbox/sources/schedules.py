"""EventBridge's rules: functions that are called by the clock."""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from chalicelib.domain.types import Millis
from sandbox.functions.concurrency import backoff
from sandbox.functions.functions import Function, FunctionError, ThrottledError
from sandbox.http.identifiers import ACCOUNT, REGION
from sandbox.sources.declarations import Schedule
from sandbox.sources.runtime import Runtime
from sandbox.sources.schedule_expressions import parse

MAX_AGE_MILLIS = 6 * 60 * 60 * 1000
"""Age at which Lambda gives up an event that it could not hand to the function."""


class Schedules:
    """Calls each scheduled function when it is due, and any of them on request."""

    def __init__(
        self, schedules: list[Schedule], functions: Mapping[str, Function], runtime: Runtime
    ) -> None:
        self._functions = {each.function: functions[each.function] for each in schedules}
        self._next = {each.function: parse(each.expression) for each in schedules}
        self._runtime = runtime

    def start(self) -> None:
        """Call functions by the clock from now on."""
        for name in self._functions:
            self._set_timer(name, self._runtime.clock())

    @property
    def names(self) -> list[str]:
        """The names of the functions that have a schedule."""
        return list(self._functions)

    def run(self, name: str) -> Any:
        """Call one function now, in this thread, and return its result.

        Raises:
            KeyError: no function of that name has a schedule.
            FunctionError: it raised.
        """
        return self._functions[name](scheduled_event(name, self._runtime.clock()))

    def _set_timer(self, name: str, now: Millis) -> None:
        due = self._next[name](now)

        def fire() -> None:
            self._set_timer(name, due)
            self._invoke(name, due)

        self._runtime.clock.at(due, fire)

    def _invoke(self, name: str, due: Millis, throttled: int = 0) -> None:
        """Invoke a function asynchronously, as EventBridge does; retry while it is throttled."""
        self._runtime.activity.begin()

        def again() -> None:
            self._invoke(name, due, throttled + 1)

        def work() -> None:
            try:
                self._functions[name](scheduled_event(name, due))
            except ThrottledError:
                delay = backoff(throttled + 1)
                if self._runtime.clock() + delay * 1000 <= due + MAX_AGE_MILLIS:
                    self._runtime.clock.after(delay, again)
            except FunctionError:
                pass  # it is logged, and EventBridge's rule fires again by itself
            finally:
                self._runtime.activity.end()

        self._runtime.pool.submit(work)


def scheduled_event(name: str, now: Millis) -> dict[str, Any]:
    """Return the event that EventBridge sends to a rule's target."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": datetime.fromtimestamp(now / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": REGION,
        "resources": [f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{name}"],
        "detail": {},
    }

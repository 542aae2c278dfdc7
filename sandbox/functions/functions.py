"""The app's handlers, called as Lambda calls them."""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chalice.app import Chalice

from sandbox.functions.concurrency import Concurrency
from sandbox.functions.context import LambdaContext

logger = logging.getLogger(__name__)

Event = dict[str, Any]
DEFAULT_TIMEOUT = 60.0
"""Seconds; Chalice's own default."""


class FunctionError(Exception):
    """The handler raised; the log has its traceback."""


class ThrottledError(FunctionError):
    """Lambda has refused the invocation: the concurrency is in use."""


class HandlerKilled(BaseException):
    """A fault has killed the process of this handler: nothing in it may catch this."""


@dataclass(frozen=True)
class Function:
    """One Lambda function."""

    name: str
    handler: Callable[[Event, LambdaContext], Any]
    timeout: float
    concurrency: Concurrency = field(default_factory=Concurrency)
    """Shared by all functions of an account."""

    def __call__(self, event: Event) -> Any:
        """Run the handler in this thread and return its result.

        Raises:
            ThrottledError: too many invocations run.
            FunctionError: the handler raised anything.
        """
        if not self.concurrency.begin():
            raise ThrottledError(self.name)
        try:
            return self.handler(event, LambdaContext(self.name, self.timeout))
        except HandlerKilled as death:
            logger.warning("%s was killed by a fault", self.name)
            raise FunctionError(self.name) from death
        except Exception as problem:
            logger.exception("%s raised", self.name)
            raise FunctionError(self.name) from problem
        finally:
            self.concurrency.end()


def functions_of(
    app: Chalice, timeouts: Mapping[str, float], concurrency: Concurrency | None = None
) -> dict[str, Function]:
    """Return every handler of the app by its name; `timeouts` are in seconds."""
    shared = concurrency or Concurrency()
    return {
        name: Function(name, handler, timeouts.get(name, DEFAULT_TIMEOUT), shared)
        for name, handler in app.handler_map.items()
    }


def read_timeouts(project: Path, stage: str) -> dict[str, float]:
    """Return the `lambda_timeout` of each function in `.chalice/config.json`, in seconds.

    A function that only another stage configures has the timeout of that stage, so that a handler
    sees the time that it will have on AWS.
    """
    file = project / ".chalice" / "config.json"
    config = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    stages = config.get("stages", {})
    timeouts: dict[str, float] = {}
    for part in [config, *stages.values(), stages.get(stage, {})]:
        for name, settings in part.get("lambda_functions", {}).items():
            if "lambda_timeout" in settings:
                # The prefix that Chalice's configuration gives to the handlers of a socket.
                handler = name.removeprefix("websocket_")
                timeouts[handler] = float(settings["lambda_timeout"])
    return timeouts

"""The app's handlers, called as Lambda calls them. What is there is what the app declares."""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chalice.app import Chalice

from sandbox.functions.context import LambdaContext

logger = logging.getLogger(__name__)

Event = dict[str, Any]
DEFAULT_TIMEOUT = 60.0
"""Seconds; Chalice's own default."""


class FunctionError(Exception):
    """The handler raised; the log has its traceback."""


class HandlerKilled(BaseException):
    """By a fault, the process of this handler is dead: nothing in it may catch this."""


@dataclass(frozen=True)
class Function:
    """One Lambda function."""

    name: str
    handler: Callable[[Event, LambdaContext], Any]
    timeout: float

    def __call__(self, event: Event) -> Any:
        """Runs the handler in this thread and answers what it returned.

        Raises:
            FunctionError: the handler raised anything.
        """
        try:
            return self.handler(event, LambdaContext(self.name, self.timeout))
        except HandlerKilled as death:
            logger.warning("%s was killed by a fault", self.name)
            raise FunctionError(self.name) from death
        except Exception as problem:
            logger.exception("%s raised", self.name)
            raise FunctionError(self.name) from problem


def functions_of(app: Chalice, timeouts: Mapping[str, float]) -> dict[str, Function]:
    """Every handler of the app by its name, each with its timeout in seconds."""
    return {
        name: Function(name, handler, timeouts.get(name, DEFAULT_TIMEOUT))
        for name, handler in app.handler_map.items()
    }


def read_timeouts(project: Path, stage: str) -> dict[str, float]:
    """The `lambda_timeout` of each function in `.chalice/config.json`, in seconds.

    A function that only another stage configures has that one's: what matters here is that a
    handler sees the time it will have on AWS.
    """
    file = project / ".chalice" / "config.json"
    config = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    stages = config.get("stages", {})
    timeouts: dict[str, float] = {}
    for part in [config, *stages.values(), stages.get(stage, {})]:
        for name, settings in part.get("lambda_functions", {}).items():
            if "lambda_timeout" in settings:
                # Chalice calls the handlers of a socket so in its configuration.
                handler = name.removeprefix("websocket_")
                timeouts[handler] = float(settings["lambda_timeout"])
    return timeouts

"""The Lambda functions of a stack: their concurrency, time-outs and shares of a core."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sandbox.conditions.simulation import Simulation

Json = dict[str, Any]
CORE_MEGABYTES = 1769
"""Lambda Developer Guide, "Configure Lambda function memory": at 1,769 MB, one vCPU."""


class ThrottledError(Exception):
    """More invocations at once than the account's concurrency."""


class Context:
    """The context object of an invocation."""

    aws_request_id = "00000000-0000-0000-0000-000000000000"

    def __init__(self, simulation: Simulation, seconds: float) -> None:
        self._now = simulation.now
        self._end = simulation.now() + seconds

    def get_remaining_time_in_millis(self) -> float:
        return (self._end - self._now()) * 1000


class Functions:
    """Invokes handlers as the stage `prod` of a checkout configures them."""

    def __init__(
        self, root: Path, simulation: Simulation, concurrency: int, *, with_cpu: bool
    ) -> None:
        config = json.loads((root / ".chalice" / "config.json").read_text())
        self._config: dict[str, Json] = config["stages"]["prod"]["lambda_functions"]
        self._simulation = simulation
        self._concurrency = concurrency
        self._with_cpu = with_cpu
        self.running = 0
        self.most = 0
        """The most invocations that ran at once."""

    def share(self, function: str) -> float:
        """Return the share of a core that a function has by its memory."""
        return min(1.0, float(self._config[function]["lambda_memory_size"]) / CORE_MEGABYTES)

    def invoke(self, function: str, handler: Callable[[Any, Any], Json], event: Json) -> Json:
        """Invoke a function in the task that calls this. Raises ThrottledError."""
        if self._concurrency and self.running >= self._concurrency:
            raise ThrottledError
        self.running += 1
        self.most = max(self.most, self.running)
        context = Context(self._simulation, float(self._config[function]["lambda_timeout"]))
        try:
            if not self._with_cpu:
                return handler(event, context)
            with self._simulation.core_share(self.share(function)):
                return handler(event, context)
        finally:
            self.running -= 1

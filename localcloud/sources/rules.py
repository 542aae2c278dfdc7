"""EventBridge's schedules on the account's clock.

A target whose policy does not let the rule call it is not called, and counts as a failed invocation
of the rule; on AWS there is no other sign of it.
"""

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from chalicelib.domain.types import Millis
from localcloud.context import Context
from localcloud.errors import AccountError
from localcloud.functions import Functions
from localcloud.metrics import Metric
from localcloud.sources.desired_state import Rule
from sandbox.conditions.clock import Timer
from sandbox.sources.schedule_expressions import ExpressionError, Next, parse
from sandbox.sources.schedules import scheduled_event

logger = logging.getLogger(__name__)

PRINCIPAL = "events.amazonaws.com"
MayInvoke = Callable[[str, str, str], bool]
"""Takes function, principal and source."""


class RunningRule:
    """One rule between `start` and `stop`."""

    def __init__(self, rule: Rule, context: Context, functions: Functions, may: MayInvoke) -> None:
        self.rule = rule
        self._context = context
        self._functions = functions
        self._may = may
        self._timer: Timer | None = None

    def start(self) -> None:
        """Fire by the clock from now on, the first time after one period."""
        try:
            following = parse(self.rule.expression)
        except ExpressionError as problem:
            logger.warning("The rule %s never fires: %s", self.rule.name, problem)
            return
        self._schedule(following(self._context.clock()), following)

    def stop(self) -> None:
        """Stop firing."""
        if self._timer:
            self._timer.cancel()

    def event(self, now: Millis) -> Any:
        """Return the event that the targets are invoked with."""
        return scheduled_event(self.rule.name, now)

    def _schedule(self, due: Millis, following: Next) -> None:
        def fire() -> None:
            self._schedule(following(due), following)
            for target in self.rule.targets:
                self._context.run_in_background(partial(self._call, target, due))

        self._timer = self._context.clock.at(due, fire)

    def _call(self, target: str, due: Millis) -> None:
        self._measure("Invocations")
        if not self._may(target, PRINCIPAL, self.rule.arn):
            logger.warning("%s does not let the rule %s call it", target, self.rule.name)
            self._measure("FailedInvocations")
            return
        try:
            self._functions.invoke_async(target, self.event(due))
        except AccountError as problem:
            logger.warning("The rule %s cannot call its target: %s", self.rule.name, problem)
            self._measure("FailedInvocations")

    def _measure(self, name: str) -> None:
        metric = Metric.of("AWS/Events", name, {"RuleName": self.rule.name})
        self._context.metrics.add(metric, self._context.clock())

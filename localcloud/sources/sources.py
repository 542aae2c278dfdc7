"""The running event sources, kept as they are applied."""

import logging
from typing import Any

from localcloud.context import Context
from localcloud.functions import Functions
from localcloud.functions.configuration import role_of
from localcloud.permissions import Permissions
from localcloud.sources import desired_state
from localcloud.sources.desired_state import QueueMapping, Rule, StreamMapping
from localcloud.sources.invoker import FunctionInvoker
from localcloud.sources.rules import PRINCIPAL, RunningRule
from localcloud.sources.streams import RunningStream
from sandbox.functions.functions import FunctionError
from sandbox.sources.declarations import EventSourceMapping
from sandbox.sources.queue import QueueSource

logger = logging.getLogger(__name__)

REQUIRED_ACTIONS = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")

Running = RunningRule | RunningStream | QueueSource


class Sources:
    """Starts and stops event sources after each change of the control plane."""

    def __init__(self, context: Context, functions: Functions, permissions: Permissions) -> None:
        self._context = context
        self._functions = functions
        self._permissions = permissions
        self._running: dict[Rule | QueueMapping | StreamMapping, Running] = {}

    def start(self) -> None:
        """Follow the control plane from now on."""
        self._context.on_apply.append(self._follow)
        self._context.cloud.run(self._follow)

    def stop(self) -> None:
        """Stop every event source."""
        self._context.on_apply.remove(self._follow)

        def on_loop() -> None:
            for each in self._running.values():
                each.stop()
            self._running.clear()

        self._context.cloud.run(on_loop)

    def flush(self) -> None:
        """End every batching window: the clock has been moved."""
        for each in list(self._running.values()):
            if not isinstance(each, RunningRule):
                each.flush()

    def schedules(self) -> list[str]:
        """Return the names in `app.py` of the functions that a rule calls."""
        return sorted(self._scheduled())

    def run_schedule(self, name: str) -> Any:
        """Call one of them now, as its rule would, and return what it returned.

        Raises:
            KeyError: no rule calls a function of that name.
            FunctionError: it failed, or does not let the rule call it.
        """
        rule, target = self._scheduled()[name]
        if not self._permissions.may_invoke(target, PRINCIPAL, rule.rule.arn):
            raise FunctionError(name)
        return FunctionInvoker(self._functions, target)(rule.event(self._context.clock()))

    def _scheduled(self) -> dict[str, tuple[RunningRule, str]]:
        rules = [each for each in self._running.values() if isinstance(each, RunningRule)]
        return {
            target.split(":")[6].rsplit("-", maxsplit=1)[-1]: (each, target)
            for each in rules
            for target in each.rule.targets
        }

    def _follow(self) -> None:
        """Start what is new and stop what is gone. Runs on the cloud's loop."""
        self._keep_from_moto()
        wanted = [*desired_state.rules(self._context), *desired_state.mappings(self._context)]
        for gone in [each for each in self._running if each not in wanted]:
            self._running.pop(gone).stop()
        for new in [each for each in wanted if each not in self._running]:
            self._running[new] = self._new_source(new)
            self._running[new].start()
        for each in self._running.values():
            if isinstance(each, QueueSource):
                each.look()  # a permission may have come

    def _new_source(self, new: Rule | QueueMapping | StreamMapping) -> Running:
        if isinstance(new, Rule):
            return RunningRule(new, self._context, self._functions, self._permissions.may_invoke)
        if isinstance(new, StreamMapping):
            return RunningStream(new, self._context, self._functions, self._permissions)
        return self._jobs(new)

    def _jobs(self, new: QueueMapping) -> QueueSource:
        mapping = EventSourceMapping(
            new.function, new.queue, new.batch_size, new.window, new.partial
        )
        return QueueSource(
            new.queue,
            mapping,
            FunctionInvoker(self._functions, new.function),
            self._context,
            may_poll=lambda: self._may_poll(new),
        )

    def _may_poll(self, mapping: QueueMapping) -> bool:
        role = role_of(self._context, mapping.function)
        wanted = [(f"sqs:{action}", mapping.queue_arn) for action in REQUIRED_ACTIONS]
        may = self._permissions.role_allows(role, wanted)
        if not may:
            logger.warning("The role of %s may not read %s", mapping.function, mapping.queue)
        return may

    def _keep_from_moto(self) -> None:
        """Keep moto from calling a queue's functions itself, in Docker, when a message is sent."""
        for queue in self._context.backend("sqs").queues.values():
            queue.lambda_event_source_mappings.clear()

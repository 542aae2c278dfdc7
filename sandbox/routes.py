"""The three routes of the WebSocket API, from an event to its handler and back.

Handlers of one connection are *started* in the order of its messages and may then run side by
side, as on AWS: a client that needs an answer before its next message must wait for it.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.activity import Activity
from sandbox.clock import Clock
from sandbox.connection import MAX_MESSAGE, Connection
from sandbox.events import Handshake, connect_event, disconnect_event, message_event
from sandbox.faults import FaultPlan, Kind, Target
from sandbox.functions import Event, Function, FunctionError
from sandbox.loop import LoopThread
from sandbox.pool import Pool

logger = logging.getLogger(__name__)

INTEGRATION_TIMEOUT = 29.0
"""Seconds that API Gateway waits for a handler; it gives up, the handler goes on."""


@dataclass(frozen=True)
class Outcome:
    """What a handler came to: a status, a body for the client, response headers."""

    status: int
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


class Routes:
    """Runs `$connect`, `$default` and `$disconnect`. Called on the gateway's loop."""

    def __init__(
        self,
        functions: Mapping[str, Function],
        *,
        pool: Pool,
        loop: LoopThread,
        clock: Clock,
        activity: Activity,
        faults: FaultPlan,
    ) -> None:
        self._functions = functions
        self._pool = pool
        self._loop = loop
        self._clock = clock
        self._activity = activity
        self._faults = faults
        self._held: dict[str, Callable[[], None]] = {}

    def connect(self, handshake: Handshake) -> "asyncio.Future[Outcome]":
        """The handler's answer to a handshake, 2xx or a refusal."""
        answer: asyncio.Future[Outcome] = self._loop.loop.create_future()

        def done(outcome: Outcome) -> None:
            if not answer.done():
                answer.set_result(outcome)

        self._deliver("$connect", lambda: connect_event(handshake, self._clock()), done)
        return answer

    def message(self, connection: Connection, text: str) -> None:
        """Runs the message handler; its body goes back to the client as route response."""

        def done(outcome: Outcome) -> None:
            if outcome.body and not connection.slow:
                connection.send(outcome.body.encode())

        self._deliver(
            "$default", lambda: message_event(connection.handshake, self._clock(), text), done
        )

    def disconnect(self, handshake: Handshake, code: int, reason: str) -> None:
        """Tells the handler that a connection is closed; its answer is of no interest."""
        self._deliver(
            "$disconnect",
            lambda: disconnect_event(handshake, self._clock(), code, reason),
            lambda _: None,
        )

    def _deliver(
        self, route: str, event: Callable[[], Event], done: Callable[[Outcome], None]
    ) -> None:
        def start() -> None:
            self._invoke(route, event, done)

        fault = self._faults.draw(Target.GATEWAY, route)
        held = self._held.pop(route, None)
        match fault.kind if fault else None:
            case Kind.ERROR:
                done(_error(500, "Internal server error"))
            case Kind.THROTTLE:
                done(_error(429, "Too Many Requests"))
            case Kind.DROP:
                if route == "$connect":
                    done(_error(504, "Endpoint request timed out"))
            case Kind.DUPLICATE:
                start()
                start()
            case Kind.DELAY if fault:
                self._clock.after(fault.seconds, lambda: self._loop.call(start))
            case Kind.REORDER:
                self._held[route] = start
            case _:
                start()
        if held:
            held()

    def _invoke(
        self, route: str, event: Callable[[], Event], done: Callable[[Outcome], None]
    ) -> None:
        function = self._functions.get(route)
        if function is None:
            done(Outcome(200))
            return
        finished = False

        def finish(outcome: Outcome) -> None:
            nonlocal finished
            if not finished:
                finished = True
                timeout.cancel()
                try:
                    done(outcome)
                finally:
                    self._activity.end()

        def work() -> None:
            outcome = _run(function, event())
            self._loop.call(lambda: finish(outcome))

        timeout = self._loop.loop.call_later(
            INTEGRATION_TIMEOUT, lambda: finish(_error(504, "Endpoint request timed out"))
        )
        self._activity.begin()
        self._pool.submit(work)


def _run(function: Function, event: Event) -> Outcome:
    try:
        return _outcome(function(event))
    except FunctionError:
        return _error(502, "Internal server error")


def _outcome(answer: Any) -> Outcome:
    """A Lambda proxy response, or AWS's error for one that is malformed."""
    status = answer.get("statusCode") if isinstance(answer, dict) else None
    body = answer.get("body", "") if isinstance(answer, dict) else None
    if not isinstance(status, int) or not isinstance(body, str | None):
        logger.error("A handler answered with neither statusCode nor a text body")
        return _error(502, "Internal server error")
    if body and len(body) > MAX_MESSAGE // 4 and len(body.encode()) > MAX_MESSAGE:
        logger.error("A handler answered with more than API Gateway sends: %d KB", MAX_MESSAGE)
        return _error(502, "Internal server error")
    headers = {name: str(value) for name, value in (answer.get("headers") or {}).items()}
    return Outcome(status, body or "", headers)


def _error(status: int, message: str) -> Outcome:
    # AWS adds connectionId and requestId; ids never leave the stack (PROTOCOL 2).
    return Outcome(status, json.dumps({"message": message}))

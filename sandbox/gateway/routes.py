"""The routes of a WebSocket API, from an event to its handler and back.

Handlers of one connection run one after the other, in the order of its messages. In strict mode
they are only *started* in that order and may then run side by side, as on AWS: there, a client that
needs a reply before its next message must wait for it.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

from sandbox.conditions.clock import Activity
from sandbox.conditions.conditions import Conditions
from sandbox.conditions.faults import ALLOWED, Kind, Target
from sandbox.functions.functions import Event, FunctionError, ThrottledError
from sandbox.functions.pool import Pool
from sandbox.gateway.connection import Connection
from sandbox.gateway.deadlines import Deadlines
from sandbox.gateway.events import Handshake, connect_event, disconnect_event, message_event
from sandbox.gateway.integrations import Call, Integrations, Run
from sandbox.gateway.outcomes import (
    Outcome,
    aws_failure,
    outcome_of,
    protocol_failure,
    with_envelope,
)
from sandbox.gateway.per_connection_queue import PerConnectionQueue
from sandbox.gateway.quotas import AccountQuotas
from sandbox.http.loop import LoopThread

INTEGRATION_TIMEOUT = 29.0
"""Seconds that API Gateway waits for a handler; it gives up, the handler goes on."""


_FAILURES = {
    Kind.ERROR: (500, "Internal server error"),
    Kind.THROTTLE: (429, "Too Many Requests"),
    Kind.HANG: (504, "Endpoint request timed out"),
}
"""API Gateway's own status and message where a fault keeps the handler from being called."""


class Routes:
    """Runs `$connect`, `$disconnect` and messages' routes. Called on the gateway's loop.

    `strict` follows API Gateway also where PROTOCOL is kinder to clients.
    """

    def __init__(
        self,
        integrations: Integrations,
        *,
        pool: Pool,
        loop: LoopThread,
        conditions: Conditions,
        activity: Activity,
        quotas: AccountQuotas,
        strict: bool,
    ) -> None:
        self._integrations = integrations
        self._pool = pool
        self._loop = loop
        self._clock = conditions.clock
        self._activity = activity
        self._faults = conditions.faults
        self._quotas = quotas
        self.strict = strict
        self._failure = aws_failure if strict else protocol_failure(conditions.clock)
        self._queue = None if strict else PerConnectionQueue()
        self._deadlines = Deadlines[_Running](loop.loop, self._give_up)
        self._held: dict[str, Callable[[], None]] = {}

    def connect(self, handshake: Handshake) -> "asyncio.Future[Outcome]":
        """Run the handler of a handshake; the outcome is 2xx or a refusal."""
        result: asyncio.Future[Outcome] = self._loop.loop.create_future()

        def done(outcome: Outcome) -> None:
            if not result.done():
                result.set_result(outcome)

        call = Call("$connect", handshake, cache(lambda: connect_event(handshake, self._clock())))
        if self._quotas.admit_connection():
            self._deliver(call, done)
        else:
            self._refuse(call, done)
        return result

    def message(self, connection: Connection, text: str) -> None:
        """Run the handler of a message; its body goes to the client as the route response."""
        handshake = connection.handshake
        route = self._integrations.select(handshake, text)

        def done(outcome: Outcome) -> None:
            silent = outcome.from_handler and not self._integrations.replies(call)
            if outcome.body and not silent and not connection.slow:
                is_raw = outcome.from_handler or self.strict
                body = outcome.body if is_raw else with_envelope(text, outcome.body)
                connection.send(body.encode())

        event = cache(lambda: message_event(handshake, self._clock(), text, route))
        call = Call(route, handshake, event)
        if self._quotas.admit_call():
            self._deliver(call, done)
        else:
            self._refuse(call, done)

    def disconnect(self, handshake: Handshake, code: int, reason: str) -> None:
        """Run the handler of a closed connection; its result is not used."""
        event = cache(lambda: disconnect_event(handshake, self._clock(), code, reason))
        self._deliver(Call("$disconnect", handshake, event), lambda _: None)

    def _deliver(self, call: Call, done: Callable[[Outcome], None]) -> None:
        route = call.route
        start = partial(self._enqueue, call, done)
        fault = self._faults.draw(Target.GATEWAY, route, ALLOWED[Target.GATEWAY])
        held = self._held.pop(route, None)
        match fault.kind if fault else None:
            case Kind.ERROR | Kind.THROTTLE as kind:
                done(self._failure(*_FAILURES[kind]))
            case Kind.HANG if fault:
                self._later(fault.seconds, lambda: done(self._failure(*_FAILURES[Kind.HANG])))
            case Kind.DROP:
                if route == "$connect":
                    done(self._failure(*_FAILURES[Kind.HANG]))
            case Kind.DUPLICATE:
                start()
                start()
            case Kind.DELAY if fault:
                self._later(fault.seconds, start)
            case Kind.REORDER:
                self._held[route] = start
            case Kind.KILL:
                killed = self._failure(502, "Internal server error")
                self._enqueue(call, lambda _: done(killed))
            case _:
                start()
        if held:
            held()

    def _refuse(self, call: Call, done: Callable[[Outcome], None]) -> None:
        """Refuse what is beyond a quota of the account, before any handler."""
        outcome = self._failure(*_FAILURES[Kind.THROTTLE])
        self._integrations.done(call, outcome)
        done(outcome)

    def _later(self, seconds: float, action: Callable[[], None]) -> None:
        self._clock.after(seconds, lambda: self._loop.call(action))

    def _enqueue(self, call: Call, done: Callable[[Outcome], None]) -> None:
        """Invoke the handler after the connection's earlier ones; in strict mode at once."""
        queue, connection_id = self._queue, call.handshake.connection_id
        if queue is None:
            self._invoke(call, done)
            return

        def done_and_next(outcome: Outcome) -> None:
            try:
                done(outcome)
            finally:
                queue.end(connection_id)

        queue.add(connection_id, lambda: self._invoke(call, done_and_next))

    def _invoke(self, call: Call, done: Callable[[Outcome], None]) -> None:
        run = self._integrations.find(call, self._failure)
        if isinstance(run, Outcome):
            self._integrations.done(call, run)
            done(run)
            return
        running = _Running(call, done)

        def work() -> None:
            outcome = self._run(run, call.event())
            self._loop.call(lambda: self._end(running, outcome))

        self._deadlines.begin(running, INTEGRATION_TIMEOUT)
        self._activity.begin()
        self._pool.submit(work)

    def _give_up(self, running: "_Running") -> None:
        self._end(running, self._failure(*_FAILURES[Kind.HANG]))

    def _end(self, running: "_Running", outcome: Outcome) -> None:
        if running.ended:
            return
        running.ended = True
        self._deadlines.end(running)
        try:
            self._integrations.done(running.call, outcome)
            running.done(outcome)
        finally:
            self._activity.end()

    def _run(self, run: Run, event: Event) -> Outcome:
        try:
            return outcome_of(run(event), self._failure)
        except ThrottledError:  # "Handling Lambda errors with an API Gateway API"
            return self._failure(500, "Internal server error")
        except FunctionError:
            return self._failure(502, "Internal server error")


@dataclass(slots=True, eq=False)
class _Running:
    """A handler that runs, until it ends or reaches the timeout, whichever comes first."""

    call: Call
    done: Callable[[Outcome], None]
    ended: bool = False

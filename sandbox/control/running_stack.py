"""A stack that runs on this machine, as tests, benchmarks and `/_sandbox/*` see it (PROTOCOL 7).

The sandbox and the local cloud are both one. They differ in their tables, in what calls functions,
and in what stands behind the routes of their gateway.
"""

import socket
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from chalicelib.domain.types import Millis
from sandbox.cloud.expiry import Expiry
from sandbox.cloud.server import Cloud
from sandbox.conditions.clock import Activity
from sandbox.conditions.conditions import Conditions
from sandbox.conditions.current_physics import plain
from sandbox.conditions.physics import OFF
from sandbox.control.event_stream import EventStream
from sandbox.control.tokens import new_token
from sandbox.control.totals import with_totals
from sandbox.dynamodb.database import Change
from sandbox.functions.pool import Pool
from sandbox.gateway.gateway import Gateway
from sandbox.gateway.integrations import Integrations
from sandbox.gateway.management import Check
from sandbox.gateway.quotas import AccountQuotas
from sandbox.gateway.routes import Routes
from sandbox.http.loop import LoopThread
from sandbox.http.server import Handler

SETTLE_SECONDS = 60.0
MAX_THREADS = 64
"""Threads of handlers where calls take their time: as many as one interpreter can keep busy. With
more, each holds its items far longer than on AWS."""
LOOK_SECONDS = 1.0
"""Seconds for which a look at the state waits for handlers that still run."""


class Tables(Protocol):
    """The stack's tables by their labels, such as `sessions`; items are plain JSON."""

    def items(self) -> Mapping[str, list[dict[str, Any]]]:
        """Return every item of every table."""
        ...

    def keys(self) -> Mapping[str, list[str]]:
        """Return the names of each table's key attributes."""
        ...

    def change(self, change: Change) -> dict[str, Any]:
        """Return one write as `{"table": label, "key": {…}, "item": {…} or null}`."""
        ...


class Sources(Protocol):
    """The event sources of the stack: schedules, queues and streams."""

    def start(self) -> None:
        """Call functions from now on."""
        ...

    def stop(self) -> None:
        """Call no function any more."""
        ...

    def flush(self) -> None:
        """End every batching window: the clock has been moved."""
        ...

    def schedules(self) -> list[str]:
        """Return the names of the scheduled functions, as they are in `app.py`."""
        ...

    def run_schedule(self, name: str) -> Any:
        """Run one scheduled function now and return its result. Raises FunctionError, KeyError."""
        ...


class RunningStack(ABC):
    """The parts of a stack that both kinds have, and all that can be done to it while it runs.

    A subclass sets `cloud`, `_tables`, `_sources` and `_gateway`. Methods may block.
    """

    cloud: Cloud
    _tables: Tables
    _sources: Sources
    _gateway: Gateway

    def __init__(self, sock: socket.socket, *, threads: int) -> None:
        """`sock` is bound already; sockets of clients connect to it."""
        self.port: int = sock.getsockname()[1]
        self.conditions = Conditions()
        self.clock = self.conditions.clock
        self.faults = self.conditions.faults
        self.physics = self.conditions.physics
        self.activity = Activity()
        self.pool = Pool(threads, may_grow=self._most_threads)
        self.event_stream = EventStream(self._snapshot)
        self._socket = sock

    def start(self) -> None:
        """Start every part, the socket last."""
        self.cloud.start()
        self.cloud.on_change.append(self._publish_change)
        self.faults.on_change.append(self._publish_faults)
        self.physics.on_change.append(self._publish_physics)
        self._prepare()
        self.pool.start()
        self._sources.start()
        Expiry(self.cloud, self.clock).start()
        self.clock.start()
        self._gateway.start()

    def stop(self) -> None:
        """Close every socket with 1001 and end every thread; what was stored is gone."""
        self.clock.stop()
        self._sources.stop()
        self._gateway.stop()
        self.pool.stop()
        self._release()
        self.cloud.stop()

    def settle(self) -> None:
        """Wait until no handler runs and no event waits, for at most a minute."""
        self.activity.wait(SETTLE_SECONDS)

    def advance(self, seconds: float) -> Millis:
        """Move the clock and return the new time, once all that fell due on the way has run."""
        self.settle()
        now = self.clock.advance(seconds, self.settle)
        self._sources.flush()
        self.settle()
        self.event_stream.publish("clock", {"now": now})
        return now

    def token(self, *, sub: str, tenant: str | None, ttl: int) -> str:
        """Return a token that the stack accepts for `ttl` seconds."""
        return new_token(self._function_environ(), self.clock, sub=sub, tenant=tenant, ttl=ttl)

    def cut(self, client: str) -> int:
        """Cut the sockets whose URL has `client`, without a close frame; return their number."""
        return self._gateway.cut(client)

    def schedules(self) -> list[str]:
        """Return the names of the scheduled functions."""
        return self._sources.schedules()

    def run_schedule(self, name: str) -> Any:
        """Run one scheduled function now and return its result. Raises FunctionError, KeyError."""
        return self._sources.run_schedule(name)

    def state(self) -> Mapping[str, list[dict[str, Any]]]:
        """Return every item of every table, once what clients have sent is handled."""
        self.activity.wait(LOOK_SECONDS)
        return with_totals(self._tables.items())

    def metrics(self) -> list[dict[str, Any]]:
        """Return the metrics emitted so far, newest last, once what clients sent is handled."""
        self.activity.wait(LOOK_SECONDS)
        return self._emitted_metrics()

    @abstractmethod
    def _prepare(self) -> None:
        """Set up what functions need. The endpoint of AWS's APIs already runs."""

    @abstractmethod
    def _release(self) -> None:
        """End what `_prepare` began. The endpoint of AWS's APIs still runs."""

    @abstractmethod
    def _function_environ(self) -> Mapping[str, str]:
        """Return the environment of the functions that check tokens."""

    @abstractmethod
    def _emitted_metrics(self) -> list[dict[str, Any]]:
        """Return the metric documents in the functions' log so far, newest last."""

    def _most_threads(self) -> int:
        """Return the number of threads that handlers may have while calls take their time."""
        physics = self.physics()
        return 0 if physics == OFF else min(physics.concurrency or MAX_THREADS, MAX_THREADS)

    def _new_gateway(
        self,
        integrations: Integrations,
        *,
        api_of: Callable[[str], str | None],
        check: Check,
        strict: bool,
        other: Handler,
    ) -> Gateway:
        shared: Any = {"conditions": self.conditions, "activity": self.activity}

        def routes(loop: LoopThread, quotas: AccountQuotas) -> Routes:
            return Routes(
                integrations, pool=self.pool, loop=loop, quotas=quotas, strict=strict, **shared
            )

        return Gateway(
            self._socket,
            api_of=api_of,
            routes=routes,
            check=check,
            other=other,
            **shared,
        )

    def _snapshot(self) -> Mapping[str, Any]:
        return {
            "now": self.clock(),
            "tables": self._tables.items(),
            "keys": self._tables.keys(),
            "faults": [fault.plain() for fault in self.faults.active],
            "physics": plain(self.physics()),
            "schedules": self.schedules(),
        }

    def _publish_change(self, change: Change) -> None:
        if self.event_stream.has_subscribers:
            self.event_stream.publish("item", self._tables.change(change))

    def _publish_faults(self) -> None:
        self.event_stream.publish("faults", [fault.plain() for fault in self.faults.active])

    def _publish_physics(self) -> None:
        self.event_stream.publish("physics", plain(self.physics()))

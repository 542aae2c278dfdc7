"""The whole sandbox in one object: tests build it, and `start` does for `chalice local`."""

import os
import socket
from collections.abc import Callable, Mapping, MutableMapping
from pathlib import Path
from typing import Any

from chalice.app import Chalice

from chalicelib.domain.types import Millis
from sandbox.clock import Activity, Clock
from sandbox.cloud.expiry import Expiry
from sandbox.cloud.resources import Backing, check_endpoint
from sandbox.cloud.server import Cloud
from sandbox.cloud.stream_poller import StreamPoller
from sandbox.control.control import Control
from sandbox.control.live import Live
from sandbox.control.metrics import Metrics
from sandbox.control.tokens import new_token
from sandbox.dynamodb.dynamodb import Change
from sandbox.faults import FaultPlan
from sandbox.functions.functions import functions_of, read_timeouts
from sandbox.functions.pool import Pool
from sandbox.gateway.events import API_ID
from sandbox.gateway.gateway import Gateway
from sandbox.gateway.routes import Routes
from sandbox.http.loop import LoopThread
from sandbox.sources.app_sources import sources_of
from sandbox.sources.queue import Jobs
from sandbox.sources.schedules import Schedules
from sandbox.sources.stream import Stream
from sandbox.startup import environment
from sandbox.startup.app_integrations import AppIntegrations, check_signature_of

STAGE = "local"
THREADS = 32
SETTLE_SECONDS = 60.0
LOOK_SECONDS = 1.0
"""How long a look at the state waits for handlers that still run."""

Install = Callable[[Mapping[str, str], Clock, FaultPlan, Callable[[str], None]], None]
"""Gives the handlers their parts: environment, clock, faults, and who takes their log lines."""


class Sandbox:
    """The AWS that one app needs, on a bound socket. All is in memory, and gone at the end."""

    def __init__(
        self,
        app: Chalice,
        sock: socket.socket,
        *,
        install: Install,
        environ: MutableMapping[str, str] = os.environ,
        write: Callable[[str], None] = print,
    ) -> None:
        check_endpoint(environ.get("AWS_ENDPOINT_URL_DYNAMODB"))
        self.clock = Clock()
        self.faults = FaultPlan()
        self.port: int = sock.getsockname()[1]
        self.environ = environ
        self._install = install
        self.live = Live(self._snapshot)
        self._metrics = Metrics(write)
        self._activity = Activity()
        self._pool = Pool(THREADS)
        self._cloud = Cloud(self.clock, self.faults)
        self._sources = sources_of(app)
        self._functions = functions_of(app, read_timeouts(Path.cwd(), STAGE))
        credentials = environment.own_credentials(environ)
        self._backing = Backing(self._cloud, credentials, environ.get("AWS_ENDPOINT_URL_DYNAMODB"))
        self._schedules = Schedules(self._sources.schedules, self._functions, **self._shared())
        self._streams: list[Stream] = []
        self._pollers: list[StreamPoller] = []
        self._gateway = Gateway(
            sock,
            api_of={STAGE: API_ID}.get,
            routes=self._routes,
            check=check_signature_of(credentials, strict=environment.is_strict(environ)),
            clock=self.clock,
            activity=self._activity,
            faults=self.faults,
            other=Control(self),
        )

    def start(self) -> None:
        """Starts every part, the socket last."""
        self._cloud.start()
        made = self._backing.create()
        self._cloud.on_change.append(self._tell_change)
        self.faults.on_change.append(self._tell_faults)
        made["API_GATEWAY_ENDPOINT"] = f"http://127.0.0.1:{self.port}/{STAGE}"
        environment.fill(self.environ, made)
        self._install(self.environ, self.clock, self.faults, self.take_line)
        self._pool.start()
        self._start_sources()
        self.clock.start()
        self._gateway.start()

    def stop(self) -> None:
        """Closes every socket with 1001 and ends every thread."""
        self.clock.stop()
        for poller in self._pollers:
            poller.stop()
        self._gateway.stop()
        self._pool.stop()
        self._cloud.stop()
        self._backing.close()

    def settle(self) -> None:
        """Waits until no handler runs and no event waits, at most a minute."""
        self._activity.wait(SETTLE_SECONDS)
        for poller in self._pollers:
            poller.poll()

    def token(self, *, sub: str, tenant: str | None, ttl: int) -> str:
        """A token that the stack accepts."""
        return new_token(self.environ, self.clock, sub=sub, tenant=tenant, ttl=ttl)

    def advance(self, seconds: float) -> Millis:
        """Moves the clock; what falls due on the way has run when it answers the new time."""
        self.settle()
        now = self.clock.advance(seconds, self.settle)
        for stream in self._streams:
            stream.flush()
        self.settle()
        self.live.tell("clock", {"now": now})
        return now

    def cut(self, client: str) -> int:
        """Cuts the sockets whose URL has `client`, without a close frame; answers how many."""
        return self._gateway.cut(client)

    def schedules(self) -> list[str]:
        """The names of the scheduled functions."""
        return self._schedules.names

    def run_schedule(self, name: str) -> Any:
        """Runs one scheduled function now. Raises FunctionError."""
        return self._schedules.run(name)

    def state(self) -> Mapping[str, list[dict[str, Any]]]:
        """Every item of every table, once what clients have sent is handled."""
        self._activity.wait(LOOK_SECONDS)
        return self._backing.items()

    def take_line(self, line: str) -> None:
        """One line of the stack's log: metrics are kept, the rest is written."""
        self.live.tell("line", line)
        self._metrics.line(line)

    def metrics(self) -> list[dict[str, Any]]:
        """The metrics emitted so far, newest last; of handlers that still run as well."""
        self._activity.wait(LOOK_SECONDS)
        return self._metrics.emitted

    def _snapshot(self) -> Mapping[str, Any]:
        return {
            "now": self.clock(),
            "tables": self._backing.items(),
            "keys": self._backing.keys,
            "faults": [fault.plain() for fault in self.faults.active],
            "schedules": self.schedules(),
        }

    def _tell_change(self, change: Change) -> None:
        if self.live.followed:
            self.live.tell("item", self._backing.change(change))

    def _tell_faults(self) -> None:
        self.live.tell("faults", [fault.plain() for fault in self.faults.active])

    def _shared(self) -> dict[str, Any]:
        return {"clock": self.clock, "pool": self._pool, "activity": self._activity}

    def _routes(self, loop: LoopThread) -> Routes:
        functions = {key: self._functions[name] for key, name in self._sources.routes.items()}
        strict = environment.is_strict(self.environ)
        shared = {"faults": self.faults, "strict": strict, **self._shared()}
        return Routes(AppIntegrations(functions), loop=loop, **shared)

    def _start_sources(self) -> None:
        shared = {"cloud": self._cloud, **self._shared()}
        for mapping in self._sources.queues:
            function = self._functions[mapping.function]
            Jobs(self._backing.queue_name, mapping, function, **shared).start()
        for mapping in self._sources.streams:
            function = self._functions[mapping.function]
            stream = Stream(self._backing.tables["sessions"], mapping, function, **shared)
            self._streams.append(stream)
            stream.start()
        if self._backing.external and self._streams:
            self._pollers.append(self._backing.follow("sessions", self._cloud.changed))
            self._pollers[0].start()
        self._schedules.start()
        Expiry(self._cloud, self.clock).start()

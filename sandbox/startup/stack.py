"""The sandbox as one object: `chalice local` starts it, tests and benchmarks build their own."""

import os
import socket
from collections.abc import Callable, Mapping, MutableMapping
from pathlib import Path
from typing import Any

from chalice.app import Chalice

from sandbox.cloud.resources import Resources, check_endpoint
from sandbox.cloud.server import Cloud
from sandbox.conditions.clock import Clock
from sandbox.conditions.faults import FaultPlan
from sandbox.control.control import Control
from sandbox.control.metrics import Metrics
from sandbox.control.running_stack import RunningStack
from sandbox.functions.concurrency import Concurrency
from sandbox.functions.functions import functions_of, read_timeouts
from sandbox.gateway.events import API_ID
from sandbox.sources.app_sources import AppSources
from sandbox.sources.declarations import read_declarations
from sandbox.startup import environment
from sandbox.startup.app_integrations import AppIntegrations, signature_check

STAGE = "local"
THREADS = 32

Install = Callable[[Mapping[str, str], Clock, FaultPlan, Callable[[str], None]], None]
"""Builds the handlers' services from the environment, the clock, the faults and a log writer."""


class Sandbox(RunningStack):
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
        """`environ` is completed when the sandbox starts; `write` takes the stack's log lines."""
        dynamodb_url = environ.get("AWS_ENDPOINT_URL_DYNAMODB")
        check_endpoint(dynamodb_url)
        super().__init__(sock, threads=THREADS)
        self.environ = environ
        self._install = install
        self._metrics = Metrics(write)
        self.cloud = Cloud(self.clock, self.faults, self.physics)
        credentials = environment.own_credentials(environ)
        self._resources = Resources(self.cloud, credentials, dynamodb_url)
        self._tables = self._resources
        declared = read_declarations(app)
        timeouts = read_timeouts(Path.cwd(), STAGE)
        functions = functions_of(app, timeouts, Concurrency(self.physics))
        self._app_sources = AppSources(declared, functions, self._resources, self)
        self._sources = self._app_sources
        strict = environment.is_strict(environ)
        self._gateway = self._new_gateway(
            AppIntegrations({key: functions[name] for key, name in declared.routes.items()}),
            api_of={STAGE: API_ID}.get,
            check=signature_check(credentials, strict=strict),
            strict=strict,
            other=Control(self),
        )

    def settle(self) -> None:
        """Wait until no handler runs and no event waits, for at most a minute."""
        super().settle()
        self._app_sources.poll()

    def take_line(self, line: str) -> None:
        """Take one line of the stack's log: metrics are kept, the rest is written."""
        self.event_stream.publish("line", line)
        self._metrics.line(line)

    def _prepare(self) -> None:
        made = self._resources.create()
        made["API_GATEWAY_ENDPOINT"] = f"http://127.0.0.1:{self.port}/{STAGE}"
        environment.fill(self.environ, made)
        self._install(self.environ, self.clock, self.faults, self.take_line)

    def _release(self) -> None:
        self._resources.close()

    def _function_environ(self) -> Mapping[str, str]:
        return self.environ

    def _emitted_metrics(self) -> list[dict[str, Any]]:
        return self._metrics.emitted

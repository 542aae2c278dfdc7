"""The account in one object: what is applied to it runs until it is stopped."""

import secrets
import socket
from collections.abc import Callable, Mapping
from typing import Any

from localcloud.cloudwatch import Alarms
from localcloud.cloudwatch.log_groups import LogGroups
from localcloud.context import Context
from localcloud.control.endpoint import Endpoint
from localcloud.control.invocations import Invocations
from localcloud.control.stored_items import StoredItems
from localcloud.functions import Functions
from localcloud.gateway.lambda_integrations import LambdaIntegrations
from localcloud.gateway.management_access import check_with
from localcloud.gateway.rest_apis import RestApis
from localcloud.gateway.stages import Stages
from localcloud.permissions import Permissions, required_actions
from localcloud.sources import Sources
from sandbox.control.control import Control
from sandbox.control.running_stack import RunningStack
from sandbox.functions.concurrency import Concurrency
from sandbox.http.identifiers import ACCOUNT

OWNER = "AKIDLOCALACCOUNT0000"
THREADS = 64


class Account(RunningStack):
    """An AWS account, empty at first."""

    def __init__(
        self,
        sock: socket.socket,
        *,
        api_port: int = 0,
        write: Callable[[str, str], None] = lambda *_: None,
    ) -> None:
        """`sock` accepts sockets of clients; the AWS APIs listen on `api_port` (0 for a free port).

        `write` takes the name of a log group and each line that is written to it.
        """
        super().__init__(sock, threads=THREADS)
        self._write = write
        self._endpoint = self._new_endpoint(api_port)
        self.cloud = self._endpoint
        self._log_groups = LogGroups(self.clock, self._on_line)
        self.context = self._new_context()
        self._permissions = Permissions(self.context)
        self._functions = Functions(self.context, self._permissions, Concurrency(self.physics))
        self._sources = Sources(self.context, self._functions, self._permissions)
        self._alarms = Alarms(self.context)
        self._tables = StoredItems(self.context)
        stages = Stages(self.context)
        self._gateway = self._new_gateway(
            LambdaIntegrations(self.context, stages, self._functions, self._permissions),
            api_of=stages.api_of,
            check=check_with(self.context, stages, self._permissions),
            strict=True,
            other=RestApis(self.context, self._functions, self._permissions, Control(self)),
        )
        self._connect_endpoint()

    @property
    def api_url(self) -> str:
        """The URL of every AWS API."""
        return self._endpoint.endpoint_url

    def _prepare(self) -> None:
        self._alarms.start()

    def _release(self) -> None:
        self._functions.stop()

    def _function_environ(self) -> Mapping[str, str]:
        functions = self.context.backend("lambda").list_functions()
        environs = [each.environment_vars or {} for each in functions]
        return next((each for each in environs if "JWT_SECRET" in each), {})

    def _emitted_metrics(self) -> list[dict[str, Any]]:
        return self._alarms.emitted()

    def _new_endpoint(self, port: int) -> Endpoint:
        return Endpoint(
            self.clock,
            self.faults,
            self.physics,
            account=ACCOUNT,
            owner=OWNER,
            gateway_url=f"http://127.0.0.1:{self.port}",
            port=port,
        )

    def _new_context(self) -> Context:
        return Context(
            clock=self.clock,
            activity=self.activity,
            pool=self.pool,
            cloud=self._endpoint,
            account=ACCOUNT,
            access_key_id=OWNER,
            secret_access_key=secrets.token_hex(20),
            log=self._log_groups.write,
            on_apply=self._endpoint.on_apply,
        )

    def _connect_endpoint(self) -> None:
        def guard(key: str, service: str, operation: str, body: Mapping[str, Any]) -> None:
            wanted = required_actions(self.context, service, operation, body)
            self._permissions.authorize(key, wanted)

        self._endpoint.guard = guard
        self._endpoint.on_failed_call = self._alarms.on_failed_call
        self._endpoint.before_logs = lambda: self._log_groups.flush(self.context.backend("logs"))
        self._endpoint.invocations = Invocations(self._functions)

    def _on_line(self, group: str, line: str) -> None:
        self._alarms.on_line(line)
        self.event_stream.publish("line", line)
        self._write(group, line)

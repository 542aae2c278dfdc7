"""The whole account in one object: what is applied to it runs, until it is stopped."""

import secrets
import socket
from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.domain.types import Millis
from localcloud.cloudwatch import Alarms
from localcloud.cloudwatch.log_groups import Logs
from localcloud.context import Context
from localcloud.control.endpoint import Endpoint
from localcloud.control.invocations import Invocations
from localcloud.functions import Functions
from localcloud.gateway.lambda_integrations import LambdaIntegrations
from localcloud.gateway.management_access import check_with
from localcloud.gateway.rest_apis import RestApis
from localcloud.gateway.stages import Stages
from localcloud.permissions import Permissions, required_actions
from localcloud.sources import Sources
from localcloud.tables import Tables
from sandbox.clock import Activity, Clock
from sandbox.cloud.expiry import Expiry
from sandbox.control.control import Control
from sandbox.control.live import Live
from sandbox.control.tokens import new_token
from sandbox.dynamodb.dynamodb import Change
from sandbox.faults import FaultPlan
from sandbox.functions.pool import Pool
from sandbox.gateway.gateway import Gateway
from sandbox.gateway.routes import Routes
from sandbox.http.identifiers import ACCOUNT
from sandbox.http.loop import LoopThread

OWNER = "AKIDLOCALACCOUNT0000"
THREADS = 64
SETTLE_SECONDS = 60.0


class Account:
    """An empty account: `sock` is for sockets, `api_port` for the AWS APIs (0: a free one)."""

    def __init__(
        self,
        sock: socket.socket,
        *,
        api_port: int = 0,
        write: Callable[[str, str], None] = lambda *_: None,
    ) -> None:
        self.clock = Clock()
        self.faults = FaultPlan()
        self.port: int = sock.getsockname()[1]
        self._write = write
        self._activity = Activity()
        self._pool = Pool(THREADS)
        self._endpoint = Endpoint(
            self.clock,
            self.faults,
            account=ACCOUNT,
            owner=OWNER,
            gateway_url=f"http://127.0.0.1:{self.port}",
            port=api_port,
        )
        self._logs = Logs(self.clock, self._tell_line)
        self.context = self._made_context()
        self._permissions = Permissions(self.context)
        self._functions = Functions(self.context, self._permissions)
        self._sources = Sources(self.context, self._functions, self._permissions)
        self._alarms = Alarms(self.context)
        self._tables = Tables(self.context)
        self._stages = Stages(self.context)
        self.live = Live(self._snapshot)
        self._gateway = self._made_gateway(sock)
        self._connect_endpoint()

    @property
    def api_url(self) -> str:
        """Where every AWS API is."""
        return self._endpoint.endpoint_url

    def start(self) -> None:
        """Starts every part, the socket last."""
        self._endpoint.start()
        self._endpoint.on_change.append(self._tell_change)
        self.faults.on_change.append(self._tell_faults)
        self._pool.start()
        self._sources.start()
        self._alarms.start()
        Expiry(self._endpoint, self.clock).start()
        self.clock.start()
        self._gateway.start()

    def stop(self) -> None:
        """Closes every socket with 1001, ends every instance and thread. All is gone."""
        self.clock.stop()
        self._sources.stop()
        self._gateway.stop()
        self._pool.stop()
        self._functions.stop()
        self._endpoint.stop()

    # What the endpoints of PROTOCOL 7 steer.

    def settle(self) -> None:
        """Waits until nothing runs and no event waits, at most a minute."""
        self._activity.wait(SETTLE_SECONDS)

    def advance(self, seconds: float) -> Millis:
        """Moves the clock; what falls due on the way has run when it answers the new time."""
        self.settle()
        now = self.clock.advance(seconds, self.settle)
        self._sources.flush()
        self.settle()
        self.live.tell("clock", {"now": now})
        return now

    def token(self, *, sub: str, tenant: str | None, ttl: int) -> str:
        """A token that the applied stack accepts, by the environment of its functions."""
        return new_token(self._environ(), self.clock, sub=sub, tenant=tenant, ttl=ttl)

    def cut(self, client: str) -> int:
        """Cuts the sockets whose URL has `client`, without a close frame; answers how many."""
        return self._gateway.cut(client)

    def schedules(self) -> list[str]:
        """The names of the functions that a rule calls."""
        return self._sources.schedules()

    def run_schedule(self, name: str) -> Any:
        """Runs one of them now. Raises FunctionError."""
        return self._sources.run_schedule(name)

    def state(self) -> Mapping[str, list[dict[str, Any]]]:
        """Every item of every table."""
        return self._tables.items()

    def metrics(self) -> list[dict[str, Any]]:
        """The metrics emitted so far, newest last."""
        return self._alarms.emitted()

    def _made_context(self) -> Context:
        return Context(
            clock=self.clock,
            faults=self.faults,
            activity=self._activity,
            pool=self._pool,
            cloud=self._endpoint,
            account=ACCOUNT,
            access_key_id=OWNER,
            secret_access_key=secrets.token_hex(20),
            log=self._logs.line,
            gateway_url=f"http://127.0.0.1:{self.port}",
            on_apply=self._endpoint.on_apply,
        )

    def _made_gateway(self, sock: socket.socket) -> Gateway:
        return Gateway(
            sock,
            api_of=self._stages.api_of,
            routes=self._routes,
            check=check_with(self.context, self._stages, self._permissions),
            clock=self.clock,
            activity=self._activity,
            faults=self.faults,
            other=RestApis(self.context, self._functions, self._permissions, Control(self)),
        )

    def _routes(self, loop: LoopThread) -> Routes:
        return Routes(
            LambdaIntegrations(self.context, self._stages, self._functions, self._permissions),
            pool=self._pool,
            loop=loop,
            clock=self.clock,
            activity=self._activity,
            faults=self.faults,
            strict=True,
        )

    def _connect_endpoint(self) -> None:
        def guard(key: str, service: str, operation: str, body: Mapping[str, Any]) -> None:
            wanted = required_actions(self.context, service, operation, body)
            self._permissions.authorize(key, wanted)

        self._endpoint.guard = guard
        self._endpoint.on_refused = self._alarms.refused
        self._endpoint.before_logs = lambda: self._logs.show(self.context.backend("logs"))
        self._endpoint.invocations = Invocations(self._functions)

    def _environ(self) -> Mapping[str, str]:
        functions = self.context.backend("lambda").list_functions()
        environs = [each.environment_vars or {} for each in functions]
        return next((each for each in environs if "JWT_SECRET" in each), {})

    def _snapshot(self) -> Mapping[str, Any]:
        return {
            "now": self.clock(),
            "tables": self.state(),
            "keys": self._tables.keys(),
            "faults": [fault.plain() for fault in self.faults.active],
            "schedules": self.schedules(),
        }

    def _tell_line(self, group: str, line: str) -> None:
        self._alarms.line(group, line)
        self.live.tell("line", line)
        self._write(group, line)

    def _tell_change(self, change: Change) -> None:
        if self.live.followed:
            self.live.tell("item", self._tables.change(change))

    def _tell_faults(self) -> None:
        self.live.tell("faults", [fault.plain() for fault in self.faults.active])

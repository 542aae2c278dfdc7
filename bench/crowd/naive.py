"""The naive design on virtual time: `bench/peer/sessions.py` with boto3's own CPU.

boto3 serialises, signs and parses; only its HTTP is replaced, which would cost it more CPU still.
"""

import importlib.util
import json
import os
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from bench.crowd.functions import CORE_MEGABYTES, Context
from bench.harness import HERE
from chalicelib.aws.refusals import Refusal
from chalicelib.domain.types import ConnectionId
from sandbox.conditions.physics import AWS
from sandbox.conditions.simulated_management import SimulatedConnections
from sandbox.conditions.simulation import Simulation
from sandbox.dynamodb.database import Database
from sandbox.dynamodb.model.schema import TableSchema
from sandbox.dynamodb.wire import Simulated

Json = dict[str, Any]
_SESSION = "golden-eagle-427"
_SHARE = 256 / CORE_MEGABYTES
_WHERE = {
    "domainName": "local.execute-api.us-east-1.amazonaws.com",
    "stage": "prod",
    "apiId": "local",
}


class _Raw:
    """The body of a response, as urllib3 has it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self._body


class _Sender:
    """Chalice's `websocket_api`: one post after the other, with the CPU of boto3."""

    def __init__(self, simulation: Simulation, sockets: SimulatedConnections) -> None:
        self._simulation = simulation
        self._sockets = sockets

    def send(self, connection_id: str, text: str) -> None:
        self._sockets.post(ConnectionId(connection_id), text.encode())

    def __getattr__(self, _: str) -> Any:
        return lambda *_, **__: None  # Chalice configures it before each event


class Naive:
    """A session of the naive design. Each method waits for one action and returns its seconds."""

    def __init__(self, size: int) -> None:
        self.simulation = Simulation()
        self._database = Database(self.simulation.clock, physics=lambda: AWS)
        self._wire = Simulated(self._database, lambda: AWS, self.simulation)
        self._sockets = SimulatedConnections(
            self.simulation, lambda: AWS, concurrency=1, cpu=_seconds_of_a_post()
        )
        os.environ.update(AWS_ACCESS_KEY_ID="AKIDTEST", AWS_SECRET_ACCESS_KEY="secret")
        os.environ.update(AWS_DEFAULT_REGION="us-east-1")
        self._peer: Any = _module()
        for name, made in self._peer.TABLES.items():
            self._database.create(TableSchema.of(name, made))
        self._peer.app.websocket_api = _Sender(self.simulation, self._sockets)
        self._peer.app.log.disabled = True
        client = self._peer.dynamodb.meta.client
        client.meta.events.register("before-send.dynamodb", self._respond)
        self._listeners = [self._new() for _ in range(size)]
        self._speaker = self._new()
        self._event("connect", self._speaker)
        self._message(self._speaker, "createSession", sessionId=_SESSION, sourceLanguage="en")
        for listener in self._listeners:
            self._event("connect", listener)
            self._message(listener, "joinSession", sessionId=_SESSION, targetLanguage="es")

    @property
    def stage(self) -> "Naive":
        """This, which has a `settle` too."""
        return self

    def settle(self, seconds: float) -> None:
        """Let so many seconds pass."""
        self.simulation.run(self.simulation.now() + seconds)

    def connect(self) -> float:
        return self._event("connect", self._new())

    def heartbeat(self) -> float:
        return self._message(self._listeners[0], "heartbeat")

    def broadcast(self) -> float:
        """Return the seconds until the last listener has it."""
        started = self.simulation.now()
        self._message(self._speaker, "broadcast", data="x" * 300)
        return max(self._sockets.open[each][-1][0] for each in self._listeners) - started

    def close(self) -> float:
        return self._event("disconnect", self._listeners.pop())

    def status(self) -> float:
        return self._event("publish_status", "")

    def _new(self) -> str:
        connection_id = f"N{len(self._sockets.open):014d}="
        self._sockets.open[connection_id] = []
        return connection_id

    def _message(self, connection_id: str, action: str, **fields: Any) -> float:
        return self._event("message", connection_id, json.dumps({"action": action, **fields}))

    def _event(self, function: str, connection_id: str, body: str = "") -> float:
        where = _WHERE | {"connectionId": connection_id, "routeKey": function}
        event: Json = {"requestContext": where, "body": body}
        if not connection_id:
            names = ("version", "account", "region", "detail", "detail-type", "source", "time")
            event = dict.fromkeys((*names, "id", "resources"), "")
        handler: Callable[[Json, Context], object] = getattr(self._peer, function)

        def invoke() -> None:
            with self.simulation.core_share(_SHARE):
                handler(event, Context(self.simulation, 30))

        started = self.simulation.now()
        self.simulation.call(invoke)
        return self.simulation.now() - started

    def _respond(self, request: Any, **_: Any) -> AWSResponse:
        """Answer a request of boto3 in the place of its HTTP."""
        operation = request.headers["X-Amz-Target"].decode().partition(".")[2]
        try:
            status, answer = 200, self._wire(operation, json.loads(request.body))
        except Refusal as refusal:
            status, answer = refusal.status, {"__type": refusal.code, "message": refusal.message}
        headers = HTTPHeaders()
        headers["Content-Type"] = "application/x-amz-json-1.0"
        return AWSResponse(request.url, status, headers, _Raw(json.dumps(answer).encode()))


def _module() -> ModuleType:
    """Return the peer's module, made anew: each room has its own client of boto3."""
    spec = importlib.util.find_spec("bench.peer.sessions")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _seconds_of_a_post() -> float:
    """Return the CPU of a post by boto3 over TLS, as `bench fanout` measured it."""
    results = json.loads((HERE / "results.json").read_text())
    reports = results["fanout"]["reports"]
    (report,) = [each for each in reports if each["title"] == "Fan-out of 1,000, with TLS"]
    (row,) = [each for each in report["rows"] if each["name"] == "boto3, one after the other"]
    return float(row["figures"]["CPU µs a post"][0]) / 1e6

"""A data plane with an app that records the events of its handlers, and clients for it."""

import contextlib
import queue
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import urllib3
from aiohttp import web
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from chalice.app import Chalice
from websockets.sync.client import ClientConnection, connect

from sandbox.conditions.clock import Activity, Clock
from sandbox.conditions.conditions import Conditions
from sandbox.conditions.current_physics import CurrentPhysics
from sandbox.conditions.faults import Fault, FaultPlan, Kind, Target
from sandbox.functions.functions import functions_of
from sandbox.functions.pool import Pool
from sandbox.gateway.events import API_ID
from sandbox.gateway.gateway import Gateway
from sandbox.gateway.routes import Routes
from sandbox.http.signature import Credentials
from sandbox.startup.app_integrations import AppIntegrations, signature_check

CREDENTIALS = Credentials("AKIDTESTTESTTESTTEST", "test-secret-access-key")
PATIENCE = 30.0
"""Seconds to wait for an event before a test fails."""
HANDSHAKE = (
    b"GET /local HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
"""A minimal opening handshake."""


class RecordingApp:
    """An app whose handlers record their events by name; a test sets their responses."""

    def __init__(self) -> None:
        self.events: dict[str, queue.Queue[dict[str, Any]]] = {}
        self.answers: dict[str, Callable[[dict[str, Any]], Any]] = {}
        self.chalice = Chalice("recording", env={})
        for route in ("connect", "message", "disconnect"):
            self.record(route, getattr(self.chalice, f"on_ws_{route}")(name=route))

    def saw(self, name: str) -> dict[str, Any]:
        """Wait for the handler's next event and return it."""
        return self.events[name].get(timeout=PATIENCE)

    def saw_nothing(self, name: str) -> bool:
        """Return True if the handler has had no further event so far."""
        return self.events[name].empty()

    def record(self, name: str, decorate: Callable[[Callable[..., Any]], Any]) -> None:
        """Add a handler by one of Chalice's decorators."""
        self.events[name] = queue.Queue()

        def handler(event: Any) -> Any:
            seen: dict[str, Any] = event.to_dict()
            self.events[name].put(seen)
            answer: Callable[[dict[str, Any]], Any] = self.answers.get(name, _echo)
            return answer(seen)

        decorate(handler)


def _echo(event: dict[str, Any]) -> dict[str, Any]:
    return {"statusCode": 200, "body": event.get("body", "")}


@dataclass
class Plane:
    """A running data plane and its clients."""

    port: int
    app: RecordingApp
    clock: Clock
    faults: FaultPlan
    physics: CurrentPhysics
    activity: Activity
    http: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(retries=False))

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/local"

    @contextlib.contextmanager
    def open(self, query: str = "", **options: Any) -> Iterator[ClientConnection]:
        """Open a socket of a real client; it is closed with 1000 at the end."""
        with connect(self.url + query, compression=None, **options) as client:
            yield client

    @contextlib.contextmanager
    def connected(self) -> Iterator[tuple[ClientConnection, str]]:
        """Open a socket, and take its `$connect`; yield the client and its connection id."""
        with self.open() as client:
            yield client, self.app.saw("connect")["requestContext"]["connectionId"]

    def raw(self, handshake: bool = True) -> socket.socket:
        """Open a TCP connection; with `handshake`, after a minimal opening handshake."""
        sock = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        if handshake:
            sock.sendall(HANDSHAKE)
            answer = b""
            while not answer.endswith(b"\r\n\r\n"):
                answer += sock.recv(1)
            assert answer.startswith(b"HTTP/1.1 101")
        return sock

    def manage(
        self,
        method: str,
        connection_id: str,
        body: bytes = b"",
        *,
        credentials: Credentials | None = CREDENTIALS,
    ) -> urllib3.BaseHTTPResponse:
        """Call the management API; botocore signs the request."""
        request = self.signed(method, connection_id, body, credentials)
        path = "/" + str(request.url).split("/", 3)[3]
        return self.request(method, path, body, dict(request.headers))

    def signed(
        self, method: str, connection_id: str, body: bytes, credentials: Credentials | None
    ) -> AWSRequest:
        """Return a request to the management API; without credentials it is not signed."""
        path = f"/local/@connections/{quote(connection_id)}"
        request = AWSRequest(method=method, url=f"http://127.0.0.1:{self.port}{path}", data=body)
        if credentials:
            keys = BotoCredentials(credentials.access_key_id, credentials.secret_access_key)
            SigV4Auth(keys, "execute-api", "us-east-1").add_auth(request)
        return request

    def request(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> urllib3.BaseHTTPResponse:
        """Send an HTTP request and return the response."""
        url = f"http://127.0.0.1:{self.port}{path}"
        return self.http.request(
            method, url, body=body, headers=dict(headers or {}), timeout=PATIENCE
        )

    def arm(self, target: Target, kind: Kind, **options: Any) -> None:
        """Put a fault in force, for one call unless `options` say otherwise."""
        self.faults.add(Fault(target=target, kind=kind, **{"times": 1, **options}))

    def advance(self, seconds: float) -> None:
        """Move the clock and wait until all that fell due is done."""
        self.clock.advance(seconds, self.settle)

    def settle(self) -> None:
        """Wait until no handler runs."""
        assert self.activity.wait(PATIENCE)


@contextlib.contextmanager
def running_plane(threads: int = 8, *, strict: bool = True) -> Iterator[Plane]:
    """Run a data plane on a free port; with `strict` it follows AWS where PROTOCOL is kinder."""

    async def other(_: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=404)

    app, clock, faults, activity = RecordingApp(), Clock(), FaultPlan(), Activity()
    conditions = Conditions(clock, faults)
    pool = Pool(threads)
    by_name = functions_of(app.chalice, {})
    functions = {
        "$connect": by_name["connect"],
        "$default": by_name["message"],
        "$disconnect": by_name["disconnect"],
    }
    sock = socket.create_server(("127.0.0.1", 0))
    gateway = Gateway(
        sock,
        api_of={"local": API_ID}.get,
        routes=lambda loop, quotas: Routes(
            AppIntegrations(functions),
            pool=pool,
            loop=loop,
            conditions=conditions,
            activity=activity,
            quotas=quotas,
            strict=strict,
        ),
        check=signature_check(CREDENTIALS, strict=strict),
        conditions=conditions,
        activity=activity,
        other=other,
    )
    pool.start()
    gateway.start()
    plane = Plane(sock.getsockname()[1], app, clock, faults, conditions.physics, activity)
    try:
        yield plane
    finally:
        plane.http.clear()
        gateway.stop()
        pool.stop()

"""The sandbox's data plane with an echo app: what it can carry when handlers cost nothing.

    python -m bench.gateways.echo

prints its port, and ends when its input does. What a message asks for: `echo …` is returned as the
route response, `post …` posted back over the management API, `fan N …` posted to the N others that
came last, and `closed` answered with how many `$disconnect` the app has had.
"""

import os
import socket
import sys
import time
from typing import Any

from aiohttp import web
from chalice.app import Chalice, WebsocketEvent

from chalicelib import aws
from chalicelib.aws.management import RetryingManagement
from chalicelib.domain.types import ConnectionId, Millis
from chalicelib.settings import Settings
from sandbox.clock import Activity, Clock
from sandbox.faults import FaultPlan
from sandbox.functions.functions import functions_of
from sandbox.functions.pool import Pool
from sandbox.gateway.events import API_ID
from sandbox.gateway.gateway import Gateway
from sandbox.gateway.routes import Routes
from sandbox.http.loop import LoopThread
from sandbox.http.signature import Credentials
from sandbox.startup.app_integrations import AppIntegrations, check_signature_of
from sandbox.startup.collector import collect_seldom
from sandbox.startup.stack import THREADS

_DONE = {"statusCode": 200}
_KEYS = Credentials("AKIDBENCHBENCHBENCHB", "bench-secret-access-key")
_AWS = {
    "AWS_ACCESS_KEY_ID": _KEYS.access_key_id,
    "AWS_SECRET_ACCESS_KEY": _KEYS.secret_access_key,
    "AWS_REGION": "us-east-1",
    "JWT_SECRET": "x" * 32,
    "RESUME_TOKEN_SECRET": "x" * 32,
}


def wire(port: int) -> RetryingManagement:
    """Lectern's own wire: posts that are signed, over kept connections."""
    environ = {**_AWS, "API_GATEWAY_ENDPOINT": f"http://127.0.0.1:{port}/local"}
    return aws.management(Settings.from_environ(environ), environ, _now)


def echo_app(port: int) -> Chalice:
    """Three handlers."""
    app, connections = Chalice("echo", env={}), wire(port)
    opened: dict[ConnectionId, None] = {}
    closed: list[str] = []

    @app.on_ws_connect(name="connect")
    def connect(event: WebsocketEvent) -> dict[str, Any]:
        opened[ConnectionId(event.connection_id)] = None
        return _DONE

    @app.on_ws_message(name="message")
    def message(event: WebsocketEvent) -> dict[str, Any]:
        kind, _, rest = event.body.partition(" ")
        data = event.body.encode()
        if kind == "echo":
            return {"statusCode": 200, "body": event.body}
        if kind == "post":
            connections.post(ConnectionId(event.connection_id), data)
        elif kind == "fan":
            others = [each for each in list(opened) if each != event.connection_id]
            count = int(rest.partition(" ")[0])
            connections.fan_out([(each, data) for each in others[-count:]], lambda: 20.0)
        elif kind == "closed":
            return {"statusCode": 200, "body": str(len(closed))}
        return _DONE

    @app.on_ws_disconnect(name="disconnect")
    def disconnect(event: WebsocketEvent) -> dict[str, Any]:
        opened.pop(ConnectionId(event.connection_id), None)
        closed.append(event.connection_id)
        return _DONE

    return app


def gateway(sock: socket.socket, app: Chalice, pool: Pool) -> Gateway:
    """The sandbox's data plane alone, as `sandbox/startup/stack.py` builds it."""
    by_name = functions_of(app, {})
    names = {"$connect": "connect", "$default": "message", "$disconnect": "disconnect"}
    functions = {route: by_name[name] for route, name in names.items()}
    clock, activity, faults = Clock(), Activity(), FaultPlan()

    def routes(loop: LoopThread) -> Routes:
        shared = {"pool": pool, "clock": clock, "activity": activity, "faults": faults}
        return Routes(AppIntegrations(functions), loop=loop, strict=False, **shared)  # type: ignore[arg-type]

    return Gateway(
        sock,
        api_of={"local": API_ID}.get,
        routes=routes,
        check=check_signature_of(_KEYS, strict=False),
        clock=clock,
        activity=activity,
        faults=faults,
        other=_nothing,
    )


async def _nothing(_: web.BaseRequest) -> web.StreamResponse:
    return web.Response(status=404)


def _now() -> Millis:
    return Millis(int(time.time() * 1000))


def main() -> None:
    os.environ["AWS_REGION"] = _AWS["AWS_REGION"]  # Chalice asks for it before each handler
    sock = socket.create_server(("127.0.0.1", 0))
    port = sock.getsockname()[1]
    pool = Pool(THREADS)
    plane = gateway(sock, echo_app(port), pool)
    pool.start()
    plane.start()
    collect_seldom()
    print(port, flush=True)
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()

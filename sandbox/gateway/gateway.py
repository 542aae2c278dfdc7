"""The data plane: an HTTP server whose stages are WebSocket APIs of API Gateway.

`/{stage}` is the socket, `/{stage}/@connections/…` the management API; any other path is handed on.
A socket opens when `$connect` has returned: only then is the handshake complete.
"""

import asyncio
import binascii
import logging
import socket
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import parse_qsl, unquote

from aiohttp import web
from websockets.frames import CloseCode
from websockets.utils import accept_key

from chalicelib.domain.types import ConnectionId
from sandbox.conditions.clock import Activity
from sandbox.conditions.conditions import Conditions
from sandbox.gateway.events import Handshake, new_id
from sandbox.gateway.hub import Hub
from sandbox.gateway.management import CallLostError, Check, Management, Reply
from sandbox.gateway.outcomes import Outcome
from sandbox.gateway.quotas import AccountQuotas
from sandbox.gateway.routes import Routes
from sandbox.http.identifiers import gateway_id
from sandbox.http.listening import BACKLOG, loopback_sockets, stop_listening
from sandbox.http.loop import LoopThread
from sandbox.http.server import Handler, HttpServer, format_response, hand_over
from sandbox.http.signature import SignedRequest

logger = logging.getLogger(__name__)

SHUTDOWN_SECONDS = 0.5
"""Seconds that clients have to answer a close frame when the gateway stops."""


class _SwitchingProtocols(web.StreamResponse):
    """The response 101, which has no length: what follows is not HTTP."""

    _length_check = False


class Gateway:
    """Serves stages on a socket that is bound already.

    `api_of` returns the id of a stage's API, None where there is no such stage. `check` raises for
    a request that may not use the management API. `other` serves every other path.
    """

    def __init__(
        self,
        sock: socket.socket,
        *,
        api_of: Callable[[str], str | None],
        routes: Callable[[LoopThread, AccountQuotas], Routes],
        check: Check,
        conditions: Conditions,
        activity: Activity,
        other: Handler,
    ) -> None:
        self._socket = sock
        self._api_of = api_of
        self._clock = clock = conditions.clock
        self._other = other
        self._loop = LoopThread("sandbox-gateway")
        quotas = AccountQuotas(conditions.physics, clock)
        self._routes = routes(self._loop, quotas)
        self._hub = Hub(self._routes, loop=self._loop, clock=clock, activity=activity)
        self._management = Management(
            self._hub.find, check=check, conditions=conditions, quotas=quotas
        )
        self._listeners: list[asyncio.Server] = []
        self._http: HttpServer | None = None

    def start(self) -> None:
        """Accept connections from now on."""
        self._loop.start()
        self._loop.run(self._listen())

    def stop(self) -> None:
        """Close every socket with 1001 and stop."""
        self._loop.run(self._close())
        self._loop.stop()

    def cut(self, client: str) -> int:
        """Cut the sockets whose URL has `client`, without a close frame; return their number."""

        async def on_loop() -> int:
            return self._hub.cut(client)

        return self._loop.run(on_loop())

    async def _listen(self) -> None:
        self._http = HttpServer(self._handle, self._fast_path)
        loop = asyncio.get_running_loop()
        for sock in loopback_sockets(self._socket):
            listener = await loop.create_server(self._http, sock=sock, backlog=BACKLOG)
            self._listeners.append(listener)

    async def _close(self) -> None:
        if self._http:
            for listener in self._listeners:
                await stop_listening(listener)
            self._hub.close_all()
            await self._http.shutdown(SHUTDOWN_SECONDS)
            await self._hub.wait_closed(SHUTDOWN_SECONDS)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        stage, _, rest = request.path.lstrip("/").partition("/")
        api_id = self._api_of(stage)
        if api_id and not rest:
            return await self._handshake(request, stage, api_id)
        if api_id and rest.startswith("@connections/"):
            return await self._manage(request)
        return await self._other(request)

    async def _manage(self, request: web.BaseRequest) -> web.StreamResponse:
        path, _, query = request.raw_path.partition("?")
        signed = SignedRequest(
            method=request.method,
            path=path,
            query=query,
            headers={name.lower(): value for name, value in request.headers.items()},
            body=await request.read(),
        )
        try:
            return _response(await self._management.respond(signed, _connection_id(path)))
        except CallLostError:
            if request.transport:
                request.transport.abort()
            return web.Response(status=500)

    def _fast_path(self, request: SignedRequest) -> "bytes | asyncio.Future[bytes] | None":
        stage, _, rest = request.path[1:].partition("/")
        if not rest.startswith("@connections/") or not self._api_of(stage):
            return None
        return self._management.respond_directly(request, _connection_id(request.path), _encoded)

    async def _handshake(
        self, request: web.BaseRequest, stage: str, api_id: str
    ) -> web.StreamResponse:
        key = _handshake_key(request)
        if key is None:
            return web.json_response({"message": "Upgrade Required"}, status=426)
        handshake = self._new_handshake(request, stage, api_id)
        outcome = await self._routes.connect(handshake)
        if not 200 <= outcome.status < 300:
            return _refused(outcome)
        response = _SwitchingProtocols(status=101, headers=_upgrade_headers(key, outcome))
        transport = request.transport
        if transport is None or transport.is_closing():
            self._routes.disconnect(handshake, CloseCode.ABNORMAL_CLOSURE, "")
            return response
        connection = self._hub.open(handshake, transport)
        await response.prepare(request)
        hand_over(request, connection)
        return response

    def _new_handshake(self, request: web.BaseRequest, stage: str, api_id: str) -> Handshake:
        return Handshake(
            connection_id=ConnectionId(new_id()),
            connected_at=self._clock(),
            domain_name=request.headers.get("Host", ""),
            stage=stage,
            api_id=api_id,
            source_ip=request.remote or "",
            headers=list(request.headers.items()),
            query=parse_qsl(request.query_string, keep_blank_values=True),
            user_agent=request.headers.get("User-Agent"),
        )


@lru_cache(maxsize=4096)
def _connection_id(path: str) -> str:
    return unquote(path.split("/", 3)[3])


def _handshake_key(request: web.BaseRequest) -> str | None:
    """Return the key of a well-formed opening handshake (RFC 6455, 4.2.1), or None."""
    headers = request.headers
    key = headers.get("Sec-WebSocket-Key", "").strip()
    try:
        well_formed = len(binascii.a2b_base64(key, strict_mode=True)) == 16
    except ValueError:
        well_formed = False
    upgrade = (
        request.method == "GET"
        and headers.get("Upgrade", "").lower().strip() == "websocket"
        and "upgrade" in headers.get("Connection", "").lower()
        and headers.get("Sec-WebSocket-Version") == "13"
    )
    return key if upgrade and well_formed else None


def _upgrade_headers(key: str, outcome: Outcome) -> dict[str, str]:
    headers = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Accept": accept_key(key),
    }
    for name, value in outcome.headers.items():
        if name.lower() == "sec-websocket-protocol":
            headers["Sec-WebSocket-Protocol"] = value
    return headers


def _refused(outcome: Outcome) -> web.Response:
    headers = {"Content-Type": "application/json", **outcome.headers}
    return web.Response(status=outcome.status, text=outcome.body, headers=headers)


def _encoded(result: Reply) -> bytes:
    return format_response(result.status, "application/json", result.text, _headers(result))


def _headers(result: Reply) -> dict[str, str]:
    error = {"x-amzn-ErrorType": result.error} if result.error else {}
    return {"x-amzn-RequestId": gateway_id(), **error}


def _response(result: Reply) -> web.Response:
    headers = _headers(result)
    if result.body is None:
        return web.Response(status=result.status, headers=headers)
    return web.json_response(result.body, status=result.status, headers=headers)

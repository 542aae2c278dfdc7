"""The HTTP endpoint of DynamoDB and SQS, in a thread of its own.

`X-Amz-Target` names the operation of a request. Requests are carried out one after the other on one
event loop: that makes each of them atomic, and costs nothing, since all of it is Python and holds
the interpreter's lock anyway. While physics are in force they wait on that loop (`paced.py`), and
others may meet a transaction. Signatures are not checked, as DynamoDB Local checks none.
"""

import asyncio
import json
import socket
import uuid
from collections.abc import Callable
from typing import Any, TypeVar

from aiohttp import web

from sandbox.cloud.paced import PacedDynamoDB
from sandbox.cloud.sqs import Sqs, SqsError
from sandbox.conditions.clock import Clock
from sandbox.conditions.current_physics import CurrentPhysics
from sandbox.conditions.faults import Fault, FaultPlan, Kind, Target
from sandbox.dynamodb.database import Change
from sandbox.dynamodb.model.errors import PREFIX
from sandbox.dynamodb.service import DynamoDB
from sandbox.http.listening import stop_listening
from sandbox.http.loop import LoopThread, sleep
from sandbox.http.server import HttpServer, format_response
from sandbox.http.signature import SignedRequest

T = TypeVar("T")
SHUTDOWN_SECONDS = 0.1
"""Seconds that a call under way has when the endpoint stops."""
_JSON = "application/x-amz-json-1.0"
POLL_SECONDS = 0.05
"""Seconds between looks at an empty queue during a long poll."""


class Cloud:
    """DynamoDB and SQS of one stack, empty at first, on `port` of 127.0.0.1 (0: a free one)."""

    def __init__(
        self,
        clock: Clock,
        faults: FaultPlan,
        physics: CurrentPhysics | None = None,
        *,
        account: str | None = None,
        port: int = 0,
    ) -> None:
        self._clock = clock
        self._faults = faults
        self._physics = physics or CurrentPhysics()
        account = account or str(uuid.uuid4().int)[:12]
        self.on_change: list[Callable[[Change], None]] = []
        self.on_message: list[Callable[[], None]] = []
        self.dynamodb = DynamoDB(account, clock, self._changed, self._physics)
        self._paced = PacedDynamoDB(self.dynamodb, self._physics)
        self.sqs = Sqs(account, clock)
        self._loop = LoopThread("sandbox-cloud")
        self._socket = socket.create_server(("127.0.0.1", port))
        self.endpoint_url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._http: HttpServer | None = None

    def start(self) -> None:
        """Serve requests from now on."""
        self._loop.start()
        self._loop.run(self._listen())

    def stop(self) -> None:
        """Stop; what was stored is gone."""
        self._loop.run(self._close())
        self._loop.stop()

    def changed(self, change: Change) -> None:
        """Take a change to a table of a DynamoDB outside this process. From any thread."""
        self.call_soon(lambda: self._changed(change))

    def run(self, function: Callable[[], T]) -> T:
        """Run `function` on the loop of the requests, wait, and return its result."""

        async def on_loop() -> T:
            return function()

        return self._loop.run(on_loop())

    def call_soon(self, function: Callable[[], None]) -> None:
        """Run `function` on the loop of the requests, without waiting. From any thread."""
        self._loop.call(function)

    def call_later(self, seconds: float, function: Callable[[], None]) -> None:
        """Run `function` on the loop of the requests after `seconds` of real time. On that loop."""
        self._loop.loop.call_later(seconds, function)

    @property
    def queue_seconds(self) -> float:
        """The latency of a call of SQS, and of a message on its way to a function."""
        return self._physics().queue_ms / 1000

    async def _listen(self) -> None:
        self._http = HttpServer(self._handle, self._fast_path)
        self._listener = await asyncio.get_running_loop().create_server(
            self._http, sock=self._socket, backlog=1024
        )

    async def _close(self) -> None:
        await stop_listening(self._listener)
        if self._http:
            await self._http.shutdown(SHUTDOWN_SECONDS)

    def _fast_path(self, request: SignedRequest) -> "bytes | asyncio.Future[bytes] | None":
        """Carry out a call of DynamoDB that can meet no fault: nearly all calls."""
        service, operation = _target(request.headers.get("x-amz-target"))
        if not service.startswith("DynamoDB") or self._faults.in_force:
            return None
        body = _object(request.body)
        if body is None:
            return None
        if self._paced.takes_time:
            return asyncio.ensure_future(self._formatted(operation, body))
        status, answer = self._paced.call(operation, body)
        return format_response(status, _JSON, answer, {})

    async def _formatted(self, operation: str, body: dict[str, Any]) -> bytes:
        status, answer = await self._paced.call_in_time(operation, body)
        return format_response(status, _JSON, answer, {})

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        return await self._answer(request, await request.read())

    async def _answer(self, request: web.BaseRequest, content: bytes) -> web.StreamResponse:
        service, operation = _target(request.headers.get("X-Amz-Target"))
        body = _object(content)
        if body is None:
            return _json(400, '{"__type":"SerializationException"}')
        if service.startswith("DynamoDB"):
            fault = self._faults.draw(Target.DYNAMODB, operation)
            if fault:
                return await self._faulty(fault, request, operation, body)
            return await self._dynamodb(operation, body)
        if service == "AmazonSQS":
            return await self._sqs(operation, body)
        return _json(400, '{"__type":"UnknownOperationException"}')

    async def _dynamodb(self, operation: str, body: dict[str, Any]) -> web.Response:
        return _json(*await self._paced.call_in_time(operation, body))

    async def _faulty(
        self, fault: Fault, request: web.BaseRequest, operation: str, body: dict[str, Any]
    ) -> web.Response:
        match fault.kind:
            case Kind.ERROR:
                return _json(500, _error("InternalServerError"))
            case Kind.THROTTLE:
                return _json(400, _error("ProvisionedThroughputExceededException"))
            case Kind.DROP:
                return _lost(request)
            case Kind.HANG:
                await asyncio.to_thread(self._faults.hang, fault.seconds)
                return _lost(request)
            case Kind.DELAY:
                await sleep(self._clock, fault.seconds)
            case Kind.DUPLICATE:
                await self._dynamodb(operation, body)
        return await self._dynamodb(operation, body)

    async def _sqs(self, operation: str, body: dict[str, Any]) -> web.Response:
        await asyncio.sleep(self.queue_seconds)
        wait = body.pop("WaitTimeSeconds", 0) if operation == "ReceiveMessage" else 0
        give_up = asyncio.get_running_loop().time() + wait
        try:
            answer = self.sqs.call(operation, dict(body), self.endpoint_url)
            while answer == "{}" and asyncio.get_running_loop().time() < give_up:
                await asyncio.sleep(POLL_SECONDS)
                answer = self.sqs.call(operation, dict(body), self.endpoint_url)
        except SqsError as refusal:
            headers = {"x-amzn-query-error": f"{refusal.code};Sender"}
            return _json(400, refusal.body, headers)
        for callback in self.on_message:
            callback()
        return _json(200, answer)

    def _changed(self, change: Change) -> None:
        for callback in self.on_change:
            callback(change)


def _target(header: str | None) -> tuple[str, str]:
    """Return the service and the operation in an `X-Amz-Target` header."""
    service, _, operation = (header or "").partition(".")
    return service, operation


def _object(content: bytes) -> dict[str, Any] | None:
    try:
        body = json.loads(content)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _json(status: int, text: str, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(
        status=status,
        body=text.encode(),
        headers={"Content-Type": _JSON, **(headers or {})},
    )


def _lost(request: web.BaseRequest) -> web.Response:
    """End the connection: the caller cannot know whether its call was carried out."""
    if request.transport:
        request.transport.abort()
    return web.Response(status=500)


def _error(name: str) -> str:
    return json.dumps({"__type": PREFIX + name, "message": "a fault of the sandbox"})

"""The HTTP endpoint of DynamoDB and SQS, in a thread of its own.

Requests are told apart by `X-Amz-Target`, and carried out one after the other on one event loop:
that makes each of them atomic, and costs nothing, since moto is pure Python and holds the
interpreter's lock anyway. Signatures are not checked here, as DynamoDB Local does not either.
"""

import asyncio
import json
import socket
import uuid
from collections.abc import Callable
from typing import Any, TypeVar

from aiohttp import web

from sandbox.clock import Clock
from sandbox.cloud.sqs import Sqs, SqsError
from sandbox.dynamodb.dynamodb import ERROR, Change, DynamoDB, DynamoDBError
from sandbox.faults import Fault, FaultPlan, Kind, Target
from sandbox.http.loop import LoopThread, passed
from sandbox.http.server import HttpServer, stop_listening, whole_answer
from sandbox.http.signature import SignedRequest

T = TypeVar("T")
FAREWELL = 0.1
"""Seconds that a call under way has at the end."""
_JSON = "application/x-amz-json-1.0"
POLL = 0.05
"""Seconds between looks at an empty queue, for a client that waits."""


class Cloud:
    """DynamoDB and SQS of one stack, empty at first, on a port of 127.0.0.1, free where it is 0."""

    def __init__(
        self, clock: Clock, faults: FaultPlan, *, account: str | None = None, port: int = 0
    ) -> None:
        self._clock = clock
        self._faults = faults
        account = account or str(uuid.uuid4().int)[:12]
        self.on_change: list[Callable[[Change], None]] = []
        self.on_message: list[Callable[[], None]] = []
        self.dynamodb = DynamoDB(account, clock, self._changed)
        self.sqs = Sqs(account, clock)
        self._loop = LoopThread("sandbox-cloud")
        self._socket = socket.create_server(("127.0.0.1", port))
        self.endpoint_url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._http: HttpServer | None = None

    def start(self) -> None:
        """Answers from here on."""
        self._loop.start()
        self._loop.run(self._listen())

    def stop(self) -> None:
        """Ends; what was stored is gone."""
        self._loop.run(self._close())
        self._loop.stop()

    def changed(self, change: Change) -> None:
        """A change to a table that is elsewhere. From any thread."""
        self.call_soon(lambda: self._changed(change))

    def run(self, function: Callable[[], T]) -> T:
        """Runs `function` where the requests are carried out, and answers what it returns."""

        async def on_loop() -> T:
            return function()

        return self._loop.run(on_loop())

    def call_soon(self, function: Callable[[], None]) -> None:
        """The same without waiting."""
        self._loop.call(function)

    async def _listen(self) -> None:
        self._http = HttpServer(self._handle, self._prompt)
        self._listener = await asyncio.get_running_loop().create_server(
            self._http, sock=self._socket, backlog=1024
        )

    async def _close(self) -> None:
        await stop_listening(self._listener)
        if self._http:
            await self._http.shutdown(FAREWELL)

    def _prompt(self, request: SignedRequest) -> bytes | None:
        """A call of DynamoDB that meets no fault: that is nearly all of them."""
        service, operation = _target(request.headers.get("x-amz-target"))
        if not service.startswith("DynamoDB") or self._faults.in_force:
            return None
        body = _object(request.body)
        if body is None:
            return None
        status, answer = self._carried_out(operation, body)
        return whole_answer(status, _JSON, answer, {})

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
            return self._dynamodb(operation, body)
        if service == "AmazonSQS":
            return await self._sqs(operation, body)
        return _json(400, '{"__type":"UnknownOperationException"}')

    def _dynamodb(self, operation: str, body: dict[str, Any]) -> web.Response:
        return _json(*self._carried_out(operation, body))

    def _carried_out(self, operation: str, body: dict[str, Any]) -> tuple[int, str]:
        try:
            return 200, self.dynamodb.call(operation, body)
        except DynamoDBError as refusal:
            return refusal.status, refusal.body

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
                await passed(self._clock, fault.seconds)
            case Kind.DUPLICATE:
                self._dynamodb(operation, body)
        return self._dynamodb(operation, body)

    async def _sqs(self, operation: str, body: dict[str, Any]) -> web.Response:
        wait = body.pop("WaitTimeSeconds", 0) if operation == "ReceiveMessage" else 0
        give_up = asyncio.get_running_loop().time() + wait
        try:
            answer = self.sqs.call(operation, dict(body), self.endpoint_url)
            while answer == "{}" and asyncio.get_running_loop().time() < give_up:
                await asyncio.sleep(POLL)
                answer = self.sqs.call(operation, dict(body), self.endpoint_url)
        except SqsError as refusal:
            headers = {"x-amzn-query-error": f"{refusal.code};Sender"}
            return _json(400, refusal.body, headers)
        for tell in self.on_message:
            tell()
        return _json(200, answer)

    def _changed(self, change: Change) -> None:
        for tell in self.on_change:
            tell(change)


def _target(header: str | None) -> tuple[str, str]:
    """The service and the operation that a request is for."""
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
    """The connection ends; the caller cannot know what became of its call."""
    if request.transport:
        request.transport.abort()
    return web.Response(status=500)


def _error(name: str) -> str:
    return json.dumps({"__type": ERROR + name, "message": "a fault of the sandbox"})

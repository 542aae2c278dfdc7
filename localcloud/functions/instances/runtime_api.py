"""The Lambda Runtime API of one instance.

AWS Lambda Developer Guide, "Using the Lambda runtime API": next invocation, response, invocation
error, initialization error. Each instance has a port of its own, because the runtime client accepts
no path with the host.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from sandbox.http.listening import stop_listening
from sandbox.http.server import http_log

PREFIX = "/2018-06-01/runtime/"
KEEPALIVE_SECONDS = 86_400.0
"""Seconds that an instance may wait for its next event before its connection is closed."""
SHUTDOWN_SECONDS = 0.01
"""For a request under way at the end; 0 would mean no limit to aiohttp."""
ACCEPTED = {"status": "OK"}


@dataclass(frozen=True)
class Event:
    """An invocation as the instance receives it."""

    request_id: str
    payload: bytes
    deadline: int
    """Milliseconds since the epoch, in real time."""
    arn: str
    trace: str


class RuntimeApi:
    """Gives events to one runtime client and passes on its responses. Runs on one event loop."""

    def __init__(
        self,
        *,
        on_next: Callable[[], None],
        on_response: Callable[[str, bytes, bool], None],
        on_init_error: Callable[[bytes], None],
    ) -> None:
        """`on_response` takes request id, payload, and True for an error."""
        self._on_next = on_next
        self._on_response = on_response
        self._on_init_error = on_init_error
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._http = web.Server(
            self._handle, access_log=None, logger=http_log, keepalive_timeout=KEEPALIVE_SECONDS
        )
        self._listener: asyncio.Server | None = None

    async def start(self) -> str:
        """Start listening and return the address: `127.0.0.1:41234`."""
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(self._http, host="127.0.0.1", port=0)
        host, port = self._listener.sockets[0].getsockname()
        return f"{host}:{port}"

    async def stop(self) -> None:
        """Stop listening and close the connection that waits for an event."""
        if self._listener:
            await stop_listening(self._listener)
            await self._http.shutdown(SHUTDOWN_SECONDS)

    def give(self, event: Event) -> None:
        """Give the runtime client its next event."""
        self._events.put_nowait(event)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        match request.path.removeprefix(PREFIX).split("/"):
            case ["invocation", "next"]:
                self._on_next()
                return _event_response(await self._events.get())
            case ["invocation", request_id, "response"]:
                self._on_response(request_id, await request.read(), False)
            case ["invocation", request_id, "error"]:
                self._on_response(request_id, await request.read(), True)
            case ["init", "error"]:
                self._on_init_error(await request.read())
            case _:
                return web.json_response({"errorType": "UnknownPath"}, status=404)
        return web.json_response(ACCEPTED, status=202)


def _event_response(event: Event) -> web.Response:
    headers = {
        "Content-Type": "application/json",
        "Lambda-Runtime-Aws-Request-Id": event.request_id,
        "Lambda-Runtime-Deadline-Ms": str(event.deadline),
        "Lambda-Runtime-Invoked-Function-Arn": event.arn,
        "Lambda-Runtime-Trace-Id": event.trace,
    }
    return web.Response(body=event.payload, headers=headers)

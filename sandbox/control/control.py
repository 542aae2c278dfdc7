"""The endpoints of a local stack (PROTOCOL 7), and two more that the console and the demo use:

`GET /_sandbox/events` streams what happens as it happens (`sandbox/control/event_stream.py`).
`POST /_sandbox/cut` `{"client": …}` cuts the sockets whose URL has `client=…`, without a close
frame, as a dead battery would. The response is `{"cut": number of sockets}`.
"""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from aiohttp import web

from sandbox.conditions.current_physics import PhysicsError, plain
from sandbox.conditions.faults import Fault, FaultError
from sandbox.control.pages import page
from sandbox.control.running_stack import RunningStack
from sandbox.control.tokens import DEFAULT_TTL
from sandbox.functions.functions import FunctionError, ThrottledError

MAX_ADVANCE = 30 * 86_400


class BadRequestError(Exception):
    """A request that cannot be carried out: the status and the reason."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Control:
    """Serves every path that is not the stage's."""

    def __init__(self, stack: RunningStack) -> None:
        self._stack = stack
        self._endpoints: dict[tuple[str, str], Callable[[web.BaseRequest, Any], Any]] = {
            ("GET", "token"): self._token,
            ("POST", "clock"): self._clock,
            ("POST", "cut"): self._cut,
            ("GET", "state"): lambda *_: self._stack.state(),
            ("GET", "metrics"): lambda *_: self._stack.metrics(),
            ("GET", "faults"): self._faults,
            ("POST", "faults"): self._add_fault,
            ("DELETE", "faults"): self._clear_faults,
            ("GET", "physics"): self._physics,
            ("POST", "physics"): self._change_physics,
            ("DELETE", "physics"): self._end_physics,
        }

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Serve one request."""
        if not request.path.startswith("/_sandbox/"):
            return page(request)
        if request.path == "/_sandbox/events":
            return await self._stack.event_stream.serve(request)
        try:
            body = await _json(request)
            response = await asyncio.to_thread(self._respond, request, body)
        except BadRequestError as problem:
            return web.json_response({"message": str(problem)}, status=problem.status)
        return web.json_response(response)

    def _respond(self, request: web.BaseRequest, body: Any) -> Any:
        name, _, rest = request.path.removeprefix("/_sandbox/").partition("/")
        if name == "schedules" and rest:
            return self._schedule(request.method, rest)
        endpoint = self._endpoints.get((request.method, name))
        if endpoint and not rest:
            return endpoint(request, body)
        known = any(path == name for _, path in self._endpoints)
        raise BadRequestError(405 if known and not rest else 404, "no such endpoint (PROTOCOL 7)")

    def _token(self, request: web.BaseRequest, _: Any) -> dict[str, str]:
        query = request.query
        if not query.get("sub"):
            raise BadRequestError(400, "sub is required: the user's id")
        ttl = query.get("ttl", str(DEFAULT_TTL))
        if not ttl.lstrip("-").isdecimal() or len(ttl) > 10:
            raise BadRequestError(400, "ttl must be a whole number of seconds")
        tenant = query.get("tenant") or None
        return {"token": self._stack.token(sub=query["sub"], tenant=tenant, ttl=int(ttl))}

    def _clock(self, _: web.BaseRequest, body: Any) -> dict[str, int]:
        seconds = body.get("advance") if isinstance(body, dict) else None
        number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
        if number and 0 <= float(seconds or 0) <= MAX_ADVANCE:
            return {"now": self._stack.advance(float(seconds or 0))}
        raise BadRequestError(400, f"advance must be seconds, from 0 to {MAX_ADVANCE}")

    def _cut(self, _: web.BaseRequest, body: Any) -> dict[str, int]:
        client = body.get("client") if isinstance(body, dict) else None
        if not isinstance(client, str) or not client:
            raise BadRequestError(400, "client must be the value of client= in the socket's URL")
        return {"cut": self._stack.cut(client)}

    def _schedule(self, method: str, name: str) -> Any:
        if name not in self._stack.schedules():
            known = ", ".join(self._stack.schedules())
            raise BadRequestError(404, f"no scheduled function of that name; there are: {known}")
        if method != "POST":
            raise BadRequestError(405, "use POST")
        try:
            return self._stack.run_schedule(name)
        except ThrottledError:
            raise BadRequestError(429, f"{name} is throttled: concurrency is in use") from None
        except FunctionError:
            raise BadRequestError(500, f"{name} raised; see the log") from None

    def _add_fault(self, _: web.BaseRequest, body: Any) -> list[dict[str, Any]]:
        try:
            self._stack.faults.add(Fault.parse(body))
        except FaultError as problem:
            raise BadRequestError(400, str(problem)) from None
        return self._faults()

    def _faults(self, *_: Any) -> list[dict[str, Any]]:
        return [each.plain() for each in self._stack.faults.active]

    def _clear_faults(self, *_: Any) -> list[dict[str, Any]]:
        self._stack.faults.clear()
        return []

    def _physics(self, *_: Any) -> dict[str, Any]:
        return plain(self._stack.physics())

    def _change_physics(self, _: web.BaseRequest, body: Any) -> dict[str, Any]:
        try:
            return plain(self._stack.physics.change(body))
        except PhysicsError as problem:
            raise BadRequestError(400, str(problem)) from None

    def _end_physics(self, *_: Any) -> dict[str, Any]:
        self._stack.physics.end()
        return self._physics()


async def _json(request: web.BaseRequest) -> Any:
    """Return the JSON of a body; None without a body. Raises BadRequestError."""
    if "Content-Type" in request.headers and request.content_type != "application/json":
        raise BadRequestError(415, "the body must be JSON, with Content-Type: application/json")
    content = await request.read()
    if not content:
        return None
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise BadRequestError(400, "the body is not JSON") from None

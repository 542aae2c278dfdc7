"""API Gateway's management API: `/{stage}/@connections/{connection id}`.

Statuses and error types are those of the ApiGatewayManagementApi reference. No response repeats a
connection id.
"""

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import Any

from sandbox.conditions.conditions import Conditions
from sandbox.conditions.faults import Fault, Kind, Target
from sandbox.gateway.connection import MAX_MESSAGE, Connection
from sandbox.gateway.quotas import AccountQuotas
from sandbox.http.loop import later, sleep
from sandbox.http.signature import SignatureError, SignedRequest

SERVICE = "execute-api"
_ID = re.compile(r"[A-Za-z0-9_-]{15}=\Z")


@dataclass(frozen=True)
class Reply:
    """An HTTP response: status, JSON body (or none) and the name of the error in AWS's model."""

    status: int
    body: Mapping[str, Any] | None = None
    error: str | None = None

    @cached_property
    def text(self) -> str:
        """The body as JSON, encoded once: most responses are one of the constants below."""
        return json.dumps(self.body)


DONE = Reply(200, {})
GONE = Reply(410, {"message": "Gone"}, "GoneException")
THROTTLED = Reply(429, {"message": "Rate exceeded"}, "LimitExceededException")
FAILED = Reply(500, {"message": "Internal server error"}, "InternalServerErrorException")


Check = Callable[[SignedRequest], None]
"""Raise SignatureError if the request may not be carried out."""


class CallLostError(Exception):
    """A fault takes the response: the call's TCP connection ends."""


class Management:
    """Carries out signed requests about the connections that `find` returns."""

    def __init__(
        self,
        find: Callable[[str], Connection | None],
        *,
        check: Check,
        conditions: Conditions,
        quotas: AccountQuotas,
    ) -> None:
        self._find = find
        self._check = check
        self._clock = conditions.clock
        self._faults = conditions.faults
        self._physics = conditions.physics
        self._quotas = quotas
        self._held: list[Callable[[], Reply]] = []

    def respond_directly(
        self, request: SignedRequest, connection_id: str, encode: Callable[[Reply], bytes]
    ) -> "bytes | asyncio.Future[bytes] | None":
        """Carry out one request, now or after the latency of a call; return the encoded reply.

        Return None while there are faults, which a plain call cannot show.
        """
        if self._held or self._faults.in_force:
            return None

        def respond() -> bytes:
            refusal = self._refusal(request, connection_id)
            return encode(refusal or self._carry_out(request.method, connection_id, request.body))

        latency = self._physics().management_ms
        return later(latency / 1000, respond) if latency else respond()

    async def respond(self, request: SignedRequest, connection_id: str) -> Reply:
        """Carry out one request, or do what a fault makes of it.

        Raises:
            CallLostError: a fault took the response away.
        """
        await asyncio.sleep(self._physics().management_ms / 1000)
        if refusal := self._refusal(request, connection_id):
            return refusal
        carry_out = partial(self._carry_out, request.method, connection_id, request.body)
        fault = self._faults.draw(Target.MANAGEMENT, request.method)
        if fault:
            return await self._faulty(fault, carry_out)
        response = carry_out()
        while self._held:
            self._held.pop()()
        return response

    def _refusal(self, request: SignedRequest, connection_id: str) -> Reply | None:
        """Return the refusal of a request that no connection's state could make right, or None."""
        if not self._quotas.admit_call():
            return THROTTLED
        try:
            self._check(request)
        except SignatureError as problem:
            return Reply(403, {"message": str(problem)}, "ForbiddenException")
        if not _ID.match(connection_id):
            return Reply(400, {"message": "Invalid connectionId"}, "BadRequestException")
        if request.method not in ("POST", "GET", "DELETE"):
            return Reply(405, {"message": "Method not allowed"}, "BadRequestException")
        if len(request.body) > MAX_MESSAGE:
            return Reply(413, {"message": "Payload too large"}, "PayloadTooLargeException")
        return None

    def _carry_out(self, method: str, connection_id: str, body: bytes) -> Reply:
        connection = self._find(connection_id)
        if connection is None:
            return GONE
        if method == "GET":
            return Reply(200, _description(connection))
        if method == "DELETE":
            connection.close(1000)
            return Reply(204)
        return _post(connection, body)

    async def _faulty(self, fault: Fault, carry_out: Callable[[], Reply]) -> Reply:
        match fault.kind:
            case Kind.ERROR:
                return FAILED
            case Kind.THROTTLE:
                return THROTTLED
            case Kind.GONE:
                return GONE
            case Kind.DROP:
                return DONE
            case Kind.REORDER:
                self._held.append(carry_out)
                return DONE
            case Kind.HANG:
                await asyncio.to_thread(self._faults.hang, fault.seconds)
                raise CallLostError
            case Kind.DELAY:
                await sleep(self._clock, fault.seconds)
            case Kind.DUPLICATE:
                carry_out()
        return carry_out()


def _post(connection: Connection, body: bytes) -> Reply:
    if connection.slow:
        return THROTTLED
    try:
        body.decode()
    except UnicodeDecodeError:
        return Reply(400, {"message": "Data is not UTF-8"}, "BadRequestException")
    connection.send(body)
    return DONE


def _description(connection: Connection) -> dict[str, Any]:
    handshake = connection.handshake
    identity = {"sourceIp": handshake.source_ip, "userAgent": handshake.user_agent or ""}
    return {
        "connectedAt": _iso(handshake.connected_at),
        "identity": identity,
        "lastActiveAt": _iso(connection.last_active_at),
    }


def _iso(millis: int) -> str:
    return datetime.fromtimestamp(millis / 1000, UTC).isoformat().replace("+00:00", "Z")

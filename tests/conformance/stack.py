"""The stack under test by its URL; on one machine its clock, faults and state (PROTOCOL 7)."""

import asyncio
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

from tests.conformance.raw import Headers, RawClient, Refused
from tests.conformance.schema import Message

STEP = 50
"""Seconds of a step of the clock, in which every client sends one heartbeat."""


@dataclass(frozen=True)
class Sandbox:
    """The endpoints beside the socket. `base` is `http://127.0.0.1:8001`."""

    base: str

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        return await asyncio.to_thread(_call, method, f"{self.base}/_sandbox{path}", body)

    async def status(
        self, method: str, path: str, body: str | None = None, **headers: str
    ) -> tuple[int, str]:
        """Return the status and the text of a response; a body is JSON unless a header differs."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await asyncio.to_thread(_status, method, f"{self.base}/_sandbox{path}", body, named)


@dataclass
class Stack:
    """`tokens` has a JWT a name, for stacks that this suite cannot ask for one.

    `operator` is where the operator API is, of a stack that was started here: elsewhere it is not
    open to everybody.
    """

    url: str
    sandbox: Sandbox | None
    tokens: dict[str, str] = field(default_factory=dict)
    operator: str | None = None
    clients: list[RawClient] = field(default_factory=list)

    async def token(self, sub: str = "ana", tenant: str = "default", ttl: int = 30_000) -> str:
        """Return a JWT that the stack accepts. Skip the test where none can be made."""
        if self.sandbox:
            query = urlencode({"sub": sub, "tenant": tenant, "ttl": ttl})
            answer = await self.sandbox.call("GET", f"/token?{query}")
            return str(answer["token"])
        name = sub if tenant == "default" else f"{sub}@{tenant}"
        if name not in self.tokens:
            pytest.skip(f"needs a token for {name}: --token {name}=…")
        return self.tokens[name]

    def address(self, **query: str) -> str:
        return f"{self.url}?{urlencode(query)}" if query else self.url

    async def connect(self, token: str | None = None, **query: str) -> RawClient:
        """Open a socket, with the token in the header. Raises Refused."""
        return await self.open({"Authorization": f"Bearer {token}"} if token else {}, (), **query)

    async def open(
        self, headers: Headers, subprotocols: tuple[str, ...], /, **query: str
    ) -> RawClient:
        """Open a socket with exactly these headers and query. Raises Refused."""
        client = await RawClient.open(self.address(**query), headers, subprotocols)
        self.clients.append(client)
        return client

    async def refusal(self, token: str | None = None, **query: str) -> Refused:
        """Return the response to a handshake that must not succeed."""
        try:
            await self.connect(token, **query)
        except Refused as refused:
            return refused
        raise AssertionError(f"the handshake {query} was accepted")

    async def speaker(self, sub: str = "ana", tenant: str = "default") -> RawClient:
        """Open a speaker's socket, in no session yet."""
        return await self.connect(await self.token(sub, tenant), role="speaker")

    async def session(self, sub: str = "ana", tenant: str = "default") -> tuple[RawClient, str]:
        """Return a speaker with a session, and the session's id."""
        speaker = await self.speaker(sub, tenant)
        speaker.welcome = await speaker.done("createSession", sourceLanguage="en")
        return speaker, speaker.welcome["sessionId"]

    async def listener(self, session_id: str, language: str = "es", **fields: Any) -> RawClient:
        """Return a listener that has joined the session; `welcome` is its `sessionJoined`."""
        listener = await self.connect()
        listener.welcome = await listener.done(
            "joinSession", sessionId=session_id, targetLanguage=language, **fields
        )
        return listener

    async def count(self, speaker: RawClient) -> int:
        status = await speaker.done("getSessionStatus")
        return int(status["listenerCount"])

    # On one machine.

    @property
    def here(self) -> Sandbox:
        """Return the sandbox endpoints. Skip the test where the stack has none."""
        if self.sandbox is None:
            pytest.skip("needs the clock and the faults of a stack on one machine")
        return self.sandbox

    async def advance(self, seconds: float) -> int:
        answer = await self.here.call("POST", "/clock", {"advance": seconds})
        return int(answer["now"])

    async def live(self, seconds: float, *clients: RawClient) -> None:
        """Move the clock in steps, while the clients send their heartbeats."""
        left = seconds
        while left > 0:
            await self.advance(min(STEP, left))
            left -= STEP
            for client in clients:
                await client.caught_up()

    async def after_a_status(self, speaker: RawClient) -> None:
        """Wait for a periodic status, so that the next one is not due for a while."""
        if self.sandbox is None:
            return
        now = await self.advance(61)  # a schedule begins one interval after the stack
        first = await speaker.next("sessionStatus", updateReason="periodic")
        last = [first, *await speaker.rest("sessionStatus")][-1]
        await self.advance(max(0, last["timestamp"] + 31_000 - now) / 1000)
        await speaker.caught_up()

    async def operate(self, method: str, path: str, body: Any = None) -> Any:
        """Call the operator API. Skip the test where the stack was not started here."""
        if self.operator is None:
            pytest.skip("needs the operator API of a stack that is started here")
        return await asyncio.to_thread(_call, method, f"{self.operator}/v1{path}", body)

    async def state(self) -> dict[str, list[Message]]:
        answer: dict[str, list[Message]] = await self.here.call("GET", "/state")
        return answer

    async def stored_session(self, session_id: str) -> Message:
        items = (await self.state())["sessions"]
        return next(item for item in items if item["sessionId"] == session_id)

    async def fault(self, **plan: Any) -> None:
        await self.here.call("POST", "/faults", plan)

    async def end_faults(self) -> None:
        await self.here.call("DELETE", "/faults")


def _call(method: str, url: str, body: Any) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = Request(url, data, method=method)  # noqa: S310 - http to this machine
    request.add_header("Content-Type", "application/json")
    try:
        with urlopen(request, timeout=60) as answer:  # noqa: S310 - http to this machine
            text = answer.read()
    except HTTPError as error:
        raise AssertionError(f"{method} {url}: {error.code} {error.read()!r}") from None
    return json.loads(text) if text else None


def _status(method: str, url: str, body: str | None, headers: Mapping[str, str]) -> tuple[int, str]:
    data = None if body is None else body.encode()
    named = {"Content-Type": "application/json", **headers}
    request = Request(url, data, named, method=method)  # noqa: S310 - http to this machine
    try:
        with urlopen(request, timeout=60) as answer:  # noqa: S310 - http to this machine
            return int(answer.status), answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


def nobody() -> str:
    """Return a user id that no other test uses."""
    return f"user-{uuid.uuid4().hex[:12]}"

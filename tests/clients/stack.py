"""A fake stack without a network, and a clock that the test moves."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lectern_client import (
    LecternError,
    ListenerSession,
    Options,
    SpeakerSession,
    create_session,
    join_session,
)

Message = dict[str, Any]
Reply = Message | Callable[[Message, "FakeSocket"], Message | None] | None

SESSION = "golden-eagle-427"
BROADCAST_STATE = {"isActive": True, "isPaused": False, "isMuted": False, "volume": 1.0}
REFRESH = {"type": "connectionRefreshRequired", "sessionId": SESSION, "role": "listener"}


async def settle() -> None:
    """Let every task that is ready run."""
    for _ in range(30):
        await asyncio.sleep(0)


@dataclass(eq=False)
class FakeTimer:
    due: float
    call: Callable[[], object]
    live: bool = True

    def cancel(self) -> None:
        self.live = False


class FakeClock:
    """Timers that run when the test moves the time."""

    def __init__(self) -> None:
        self.now = 0.0
        self._timers: list[FakeTimer] = []

    @property
    def live(self) -> list[FakeTimer]:
        self._timers = [timer for timer in self._timers if timer.live]
        return self._timers

    def call_later(self, delay: float, callback: Callable[[], object], /) -> FakeTimer:
        timer = FakeTimer(self.now + delay, callback)
        self._timers.append(timer)
        return timer

    async def advance(self, seconds: float) -> None:
        """Move the time, timer by timer, and let the client act after each."""
        end = self.now + seconds
        await settle()
        while due := [timer for timer in self.live if timer.due <= end]:
            timer = min(due, key=lambda timer: timer.due)
            self._timers.remove(timer)
            self.now = timer.due
            timer.call()
            await settle()
        self.now = end


@dataclass(eq=False)
class FakeSocket:
    """Both ends of one socket: the client's, and the stack's."""

    stack: "FakeStack"
    url: str
    token: str | None
    sent: list[Message] = field(default_factory=list)
    closed_with: int | None = None
    _frames: "asyncio.Queue[str | None]" = field(default_factory=asyncio.Queue)

    # For the client.

    async def send(self, text: str) -> None:
        if self.closed_with is None:
            request = json.loads(text)
            self.sent.append(request)
            self.reply_to(request)

    async def receive(self) -> str:
        frame = await self._frames.get()
        if frame is None:
            raise LecternError("CONNECTION_LOST", f"closed with {self.closed_with}")
        return frame

    async def close(self, code: int) -> None:
        self.drop(code)

    # For the test.

    def reply_to(self, request: Message) -> None:
        reply = self.stack.replies.get(request["action"])
        body = reply(request, self) if callable(reply) else reply
        if body:
            self.deliver({"id": request["id"], **body})

    def deliver(self, message: Message) -> None:
        if self.closed_with is None:
            self._frames.put_nowait(json.dumps({"timestamp": 1, **message}))

    def drop(self, code: int = 1006) -> None:
        if self.closed_with is None:
            self.closed_with = code
            self._frames.put_nowait(None)

    def requests(self, action: str) -> list[Message]:
        return [request for request in self.sent if request["action"] == action]


class FakeStack:
    def __init__(self) -> None:
        self.sockets: list[FakeSocket] = []
        self.clock = FakeClock()
        self.last_seq = {"*": 0, "es": 0}
        self.refusal: LecternError | None = None
        self.attempts = 0
        self.replies: dict[str, Reply] = {
            "createSession": lambda _, __: self._session_reply("sessionCreated"),
            "joinSession": lambda request, _: self.joined(request),
            "refreshConnection": lambda request, _: self._session_reply(
                "connectionRefreshComplete",
                role=request["role"],
                targetLanguage=request.get("targetLanguage"),
            ),
            "heartbeat": {"type": "heartbeatAck", "connectionAge": 1, "heartbeatInterval": 50},
        }

    @property
    def socket(self) -> FakeSocket:
        return self.sockets[-1]

    async def connect(self, url: str, token: str | None, _timeout: float) -> FakeSocket:
        self.attempts += 1
        if self.refusal:
            raise self.refusal
        self.sockets.append(FakeSocket(self, url, token))
        return self.socket

    def options(self, **more: Any) -> Options:
        given = {"connect": self.connect, "timers": self.clock, "random": lambda: 0.5, **more}
        return Options(**given)

    async def listener(
        self, resume_token: str | None = None, last_seq: dict[str, int] | None = None, **more: Any
    ) -> ListenerSession:
        return await join_session(
            "ws://stack/local",
            session_id=SESSION,
            target_language="es",
            resume_token=resume_token,
            last_seq=last_seq,
            options=self.options(**more),
        )

    async def speaker(self, token: Any = None, **more: Any) -> SpeakerSession:
        token = token or "jwt"
        return await create_session(
            "ws://stack/local", source_language="en", token=token, options=self.options(**more)
        )

    def joined(self, request: Message, missed: list[Message] | None = None) -> Message:
        more = {} if missed is None else {"missed": missed, "gap": False}
        return self._session_reply(
            "sessionJoined", targetLanguage=request["targetLanguage"], **more
        )

    def _session_reply(self, kind: str, **fields: Any) -> Message:
        return {
            "type": kind,
            "sessionId": SESSION,
            "sourceLanguage": "en",
            "broadcastState": BROADCAST_STATE,
            "stateVersion": 1,
            "lastSeq": self.last_seq,
            "resumeToken": f"resume-{len(self.sockets)}",
            "heartbeatInterval": 50,
            **fields,
        }


def broadcast(seq: int, stream: str = "es") -> Message:
    return {
        "type": "broadcast",
        "sessionId": SESSION,
        "stream": stream,
        "seq": seq,
        "data": f"{stream} {seq}",
    }


def error(status: int, code: str, **fields: Any) -> Message:
    return {"type": "error", "status": status, "code": code, "message": "", **fields}


def record(session: ListenerSession | SpeakerSession, *kinds: str) -> list[Any]:
    """Collect the events of a session."""
    events: list[Any] = []
    for kind in kinds:
        session.on(kind, events.append)
    return events


def data(events: list[Any]) -> list[Any]:
    return [event["data"] for event in events]

"""A session as a program sees it: the protocol's actions, and its messages as events."""

from types import TracebackType
from typing import Any, Self, cast
from urllib.parse import urlencode

from lectern_client import messages as m
from lectern_client.calls import Calls, check_size
from lectern_client.chain import Chain, Greeting
from lectern_client.emitter import Emitter
from lectern_client.errors import LecternError
from lectern_client.heart import Heart
from lectern_client.jobs import OF_A_REQUEST, BackgroundRequest, Jobs, OnProgress
from lectern_client.link import Link
from lectern_client.messages import Message, Role, State
from lectern_client.options import Options

_STANDING = ("sourceLanguage", "targetLanguage", "resumeToken", "sessionId")


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


class Session(Emitter):
    """What speakers and listeners share. `create_session` and `join_session` make the real ones.

    Methods are the protocol's actions by their names. Requests made while reconnecting wait for the
    connection. After a lost socket, what can be carried out twice without harm is sent again;
    `publish` and `submit_request` raise CONNECTION_LOST.
    """

    role: Role

    def __init__(self, url: str, options: Options, standing: Message) -> None:
        super().__init__()
        address = f"{url}{'&' if '?' in url else '?'}{urlencode({'role': self.role})}"
        self._chain = Chain(address, options, self)
        self._options = options
        self._standing = dict(standing)
        self._calls = Calls(self._chain.ready, self._chain.spawn)
        self._jobs = Jobs()
        self._topics: set[str] = set()
        self._heart = Heart(
            self._chain.timers,
            fields=self._heartbeat_fields(),
            link=lambda: self._chain.link,
            acked=self._acked,
            spawn=self._chain.spawn,
        )
        self.broadcast_state: m.BroadcastState | None = None
        self.state_version = 0

    @property
    def state(self) -> State:
        return self._chain.state

    @property
    def close_reason(self) -> str | None:
        """Why it closed.

        `closed` (by `close()`), `left`, the reason of `sessionEnded`, `failed` (see `error`), or
        `replaced`: somebody else has this client's place, with its resume token or as its user.
        """
        return self._chain.close_reason

    @property
    def error(self) -> LecternError | None:
        """With which error the session closed, if it was one."""
        return self._chain.error

    @property
    def session_id(self) -> str:
        return cast(str, self._standing["sessionId"])

    @property
    def source_language(self) -> str:
        return cast(str, self._standing["sourceLanguage"])

    @property
    def resume_token(self) -> str | None:
        return self._standing.get("resumeToken")

    @property
    def heartbeat_interval(self) -> float:
        return self._heart.interval

    async def subscribe(self, topic: str) -> m.TopicReply:
        reply = await self._call("subscribe", topic=topic)
        self._topics.add(topic)
        return cast(m.TopicReply, reply)

    async def unsubscribe(self, topic: str) -> m.TopicReply:
        self._topics.discard(topic)
        return cast(m.TopicReply, await self._call("unsubscribe", topic=topic))

    async def publish(self, topic: str, data: Any) -> m.TopicReply:
        return cast(m.TopicReply, await self._call("publish", topic=topic, data=data))

    async def submit_request(
        self,
        request: str,
        params: dict[str, Any] | None = None,
        *,
        on_progress: OnProgress | None = None,
    ) -> BackgroundRequest:
        """Starts work in the background; returns once it is accepted."""
        fields = _given(request=request, params=params)
        accepted = await self._call("submitRequest", **fields)
        request_id = accepted["requestId"]
        future = self._jobs.accept(request_id, self._chain.link, on_progress)
        return BackgroundRequest(
            request_id,
            request,
            accepted.get("status", ""),
            future,
            lambda: self.cancel_request(request_id),
        )

    async def cancel_request(self, request_id: str) -> Message:
        return await self._call("cancelRequest", requestId=request_id)

    async def authenticate(self, token: str) -> Message:
        return await self._call("authenticate", token=token)

    async def heartbeat(self) -> m.HeartbeatAck:
        return cast(m.HeartbeatAck, await self._call("heartbeat", **self._heartbeat_fields()))

    def refresh(self) -> None:
        """Moves to a new socket now, before the stack asks for it (PROTOCOL 6.1)."""
        self._chain.renew()

    async def close(self) -> None:
        """Closes the socket; a speaker's session ends with it (PROTOCOL 6.3)."""
        self._chain.finish("closed")
        await self._chain.closed()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def start(self, greeting: Greeting) -> Self:
        """Connects. For the package's own functions, which return what is open."""
        try:
            await self._chain.start(greeting)
        except BaseException:
            await self.close()
            raise
        return self

    # What the chain asks and tells.

    def greeting(self, *, rejoins: bool) -> Greeting:
        raise NotImplementedError

    def adopted(self, link: Link, reply: Message) -> None:
        self._standing |= {name: reply[name] for name in _STANDING if name in reply}
        self._heart.interval = reply.get("heartbeatInterval", self._heart.interval)
        self._steer(reply)
        for topic in self._topics:
            self._chain.spawn(_quietly(link, "subscribe", {"topic": topic}))
        self._heart.schedule()

    def received(self, link: Link, message: Message) -> None:
        self.emit("message", message)
        kind = message.get("type", "")
        error = LecternError.from_message(message) if kind == "error" else None
        if error and self._chain.supplanted(link, error):
            return
        handled = link.settle(message)
        if error:
            if not handled:
                self.emit("error", error)
        elif kind == "broadcastStateChanged":
            if self._steer(message):
                self.emit(kind, message)
        elif kind == "broadcast":
            self._broadcast(cast(m.Broadcast, message))
        else:
            self.emit(kind, message)
            self._react(link, kind, message)

    def sent(self, link: Link) -> None:
        """Any message counts as a heartbeat (PROTOCOL 6.4)."""

    def lost(self, link: Link, error: LecternError) -> None:
        self._jobs.lose(link, error)
        if link is self._chain.link:
            self._heart.stop()

    def flush(self) -> None:
        self._calls.flush()

    def entered(self, state: State, previous: State) -> None:
        self.emit("state", m.StateChange(state=state, previous=previous))

    def refused(self, error: LecternError) -> None:
        self.emit("error", error)

    def finished(self, error: LecternError) -> None:
        self._heart.stop()
        self._calls.fail(error)
        self._jobs.lose(None, error)

    def may_do_without(self, error: LecternError) -> bool:
        """Whether to try once more: the callback may have a better token by now."""
        return error.status == 401 and callable(self._options.token)

    def moved(self, old: Link, link: Link) -> None:
        self._jobs.move(old, link)

    # For the two kinds of session.

    async def _call(self, action: str, **fields: Any) -> Message:
        self._check(action, fields)
        return await self._calls.call(action, fields)

    def _check(self, action: str, fields: dict[str, Any]) -> None:
        if self.state == "closed":
            raise LecternError("CLOSED", "the session is closed", action=action)
        check_size(action, fields)

    def _heartbeat_fields(self) -> dict[str, Any]:
        return {}

    def _acked(self, ack: Message) -> None:
        """Takes a heartbeatAck."""

    def _broadcast(self, message: m.Broadcast) -> None:
        """Takes a broadcast as it came."""

    def _react(self, link: Link, kind: str, message: Message) -> None:
        if kind == "sessionEnded":
            self._chain.finish(message.get("reason", "endedBySpeaker"))
        elif kind == "tokenExpiring" and callable(self._options.token):
            self._chain.spawn(self._reauthenticate())
        elif kind in {"connectionRefreshRequired", "connectionWarning"}:
            if link is self._chain.link:
                self._chain.renew()
        elif kind in OF_A_REQUEST:
            self._jobs.receive(message)

    async def _reauthenticate(self) -> None:
        try:
            await self.authenticate(await self._chain.token() or "")
        except LecternError as error:
            self.emit("error", error)

    def _steer(self, message: Message) -> bool:
        """Takes a broadcastState unless a newer one is known; says whether it is news."""
        version = message.get("stateVersion", 0)
        if "broadcastState" not in message or version < self.state_version:
            return False
        self.broadcast_state = message["broadcastState"]
        newer: bool = version > self.state_version
        self.state_version = version
        return newer


async def _quietly(link: Link, action: str, fields: dict[str, Any]) -> None:
    try:
        await link.request(action, fields)
    except LecternError:
        return

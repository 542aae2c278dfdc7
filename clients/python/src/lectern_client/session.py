"""A session as a program sees it: actions as methods, messages as events."""

from types import TracebackType
from typing import Any, Self, cast
from urllib.parse import urlencode

from lectern_client import messages as m
from lectern_client.connection.events import (
    Arrived,
    Attached,
    Received,
    RefreshRefused,
    StateChanged,
)
from lectern_client.connection.heartbeat import HeartbeatTimer
from lectern_client.connection.participant import FirstRequest, Participant
from lectern_client.connection.scheduler import Scheduler
from lectern_client.connection.supervisor import Supervisor
from lectern_client.emitter import Emitter
from lectern_client.errors import LecternError
from lectern_client.messages import Message, Role, State
from lectern_client.options import Options, fetch_token
from lectern_client.sending.background import BackgroundRequest, BackgroundRequests, OnProgress
from lectern_client.sending.requests import RequestQueue
from lectern_client.sending.topics import TopicSubscriptions


class Session(Emitter):
    """The base of speakers' and listeners' sessions.

    Methods have the names of the protocol's actions. Requests made while reconnecting wait for the
    connection. After a lost connection, idempotent requests are sent again; `publish` and
    `submit_request` raise CONNECTION_LOST.
    """

    role: Role

    def __init__(self, url: str, options: Options, participant: Participant) -> None:
        super().__init__()
        self.broadcast_state: m.BroadcastState | None = None
        self.state_version = 0
        self._options = options
        self._participant = participant
        self._scheduler = Scheduler(options.timers)
        address = f"{url}{'&' if '?' in url else '?'}{urlencode({'role': self.role})}"
        self._supervisor = Supervisor(address, options, participant, self._scheduler)
        # Subscribers are called in this order: a program's handlers first, then the parts.
        self._subscribe()
        self._topics = TopicSubscriptions(self._supervisor, self._scheduler, options)
        self._heartbeat = HeartbeatTimer(self._supervisor, self._scheduler)
        self._requests = RequestQueue(self._supervisor, self._scheduler)
        self._background = BackgroundRequests(self._supervisor)

    @property
    def state(self) -> State:
        return self._supervisor.state

    @property
    def close_reason(self) -> str | None:
        """The reason for which the session closed.

        `closed` (by `close()`), `left`, the reason of `sessionEnded`, `failed` (see `error`), or
        `replaced`: another client has this one's place, with its resume token or as the same user.
        """
        return self._supervisor.close_reason

    @property
    def error(self) -> LecternError | None:
        """The error that closed the session, if one did."""
        return self._supervisor.error

    @property
    def session_id(self) -> str:
        return self._participant.session_id

    @property
    def join_key(self) -> str | None:
        """The key of a private session: of the speaker, and of a listener that joined with it."""
        return self._participant.join_key

    @property
    def source_language(self) -> str:
        return self._participant.source_language

    @property
    def resume_token(self) -> str | None:
        return self._participant.resume_token

    @property
    def heartbeat_interval(self) -> float:
        return self._heartbeat.interval

    async def subscribe(self, topic: str) -> m.TopicReply:
        reply = await self._requests.call("subscribe", topic=topic)
        self._topics.add(topic)
        return cast(m.TopicReply, reply)

    async def unsubscribe(self, topic: str) -> m.TopicReply:
        self._topics.remove(topic)
        return cast(m.TopicReply, await self._requests.call("unsubscribe", topic=topic))

    async def publish(self, topic: str, data: Any) -> m.TopicReply:
        return cast(m.TopicReply, await self._requests.call("publish", topic=topic, data=data))

    async def submit_request(
        self,
        request: str,
        params: dict[str, Any] | None = None,
        *,
        on_progress: OnProgress | None = None,
    ) -> BackgroundRequest:
        """Start background work. Return once the stack has accepted it."""
        fields = {} if params is None else {"params": params}
        accepted = await self._requests.call("submitRequest", request=request, **fields)
        request_id = accepted["requestId"]
        return BackgroundRequest(
            request_id,
            request,
            accepted.get("status", ""),
            self._background.accept(request_id, on_progress),
            lambda: self.cancel_request(request_id),
        )

    async def cancel_request(self, request_id: str) -> Message:
        return await self._requests.call("cancelRequest", requestId=request_id)

    async def authenticate(self, token: str) -> Message:
        return await self._requests.call("authenticate", token=token)

    async def heartbeat(self) -> m.HeartbeatAck:
        ack = await self._requests.call("heartbeat", **self._participant.heartbeat_fields)
        return cast(m.HeartbeatAck, ack)

    def refresh(self) -> None:
        """Move to a new connection now, before the stack asks for it (PROTOCOL 6.1)."""
        self._supervisor.renew()

    async def close(self) -> None:
        """Close the connection. A speaker's session ends with it (PROTOCOL 6.3)."""
        await self._close("closed")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def start(self, first_request: FirstRequest) -> Self:
        """Connect, for this package's functions, which return an open session."""
        try:
            await self._supervisor.start(first_request)
        except BaseException:
            await self.close()
            raise
        return self

    async def _close(self, reason: str) -> None:
        self._supervisor.close(reason)
        await self._supervisor.wait_closed()

    def _subscribe(self) -> None:
        events = self._supervisor.events
        events.subscribe(StateChanged, self._on_state_changed)
        events.subscribe(RefreshRefused, lambda event: self.emit("error", event.error))
        events.subscribe(Attached, lambda event: self._update_broadcast_state(event.reply))
        events.subscribe(Arrived, lambda event: self.emit("message", event.message))
        events.subscribe(Received, self._on_received)

    def _on_state_changed(self, event: StateChanged) -> None:
        self.emit("state", m.StateChange(state=event.state, previous=event.previous))

    def _on_received(self, event: Received) -> None:
        message, kind = event.message, event.message.get("type", "")
        if kind == "error":
            if not event.is_reply:
                self.emit("error", LecternError.from_message(message))
        elif kind == "broadcastStateChanged":
            if self._update_broadcast_state(message):
                self.emit(kind, message)
        elif kind != "broadcast":  # which `Recovery` puts into order
            self.emit(kind, message)
            self._act_on(event, kind)

    def _act_on(self, event: Received, kind: str) -> None:
        if kind == "sessionEnded":
            self._supervisor.close(event.message.get("reason", "endedBySpeaker"))
        elif kind == "tokenExpiring" and callable(self._options.token):
            self._scheduler.spawn(self._reauthenticate())
        elif kind in {"connectionRefreshRequired", "connectionWarning"} and event.is_current:
            self._supervisor.renew()

    async def _reauthenticate(self) -> None:
        try:
            await self.authenticate(await fetch_token(self._options.token) or "")
        except LecternError as error:
            self.emit("error", error)

    def _update_broadcast_state(self, message: Message) -> bool:
        """Keep the state with the highest version. Return True if `message` has a newer one."""
        version = message.get("stateVersion", 0)
        if "broadcastState" not in message or version < self.state_version:
            return False
        self.broadcast_state = message["broadcastState"]
        is_newer: bool = version > self.state_version
        self.state_version = version
        return is_newer

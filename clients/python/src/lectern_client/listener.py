"""A listener's session."""

from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any, cast

from lectern_client import messages as m
from lectern_client.chain import Greeting
from lectern_client.errors import LecternError
from lectern_client.inbox import Inbox
from lectern_client.link import Link
from lectern_client.messages import Message
from lectern_client.options import Options
from lectern_client.recovery import Recovery
from lectern_client.session import Session
from lectern_client.streams import Out, Streams


class ListenerSession(Session):
    """Made by `join_session`. Iterating over it gives its broadcasts, in order, until it is closed.

    Broadcasts that come before anybody iterates or handles them are kept, `max_unread` of them.
    """

    role = "listener"

    def __init__(self, url: str, options: Options, standing: Message) -> None:
        super().__init__(url, options, standing)
        self._streams = Streams(standing["targetLanguage"], standing.get("lastSeq"))
        self._early: Inbox | None = Inbox(options.max_unread)  # until somebody asks
        self._readers = [self._early]
        self._recovery = Recovery(
            self._streams,
            options,
            link=lambda: self._chain.link,
            deliver=self._deliver,
            spawn=self._chain.spawn,
            pause=self._chain.pause,
        )

    @property
    def target_language(self) -> str:
        return cast(str, self._standing["targetLanguage"])

    @property
    def last_seq(self) -> m.LastSeq:
        """The broadcasts received last, by stream: give it to `join_session` to go on there."""
        return self._streams.last_seq

    async def change_language(self, target_language: str) -> m.LanguageChanged:
        previous = self.target_language
        if target_language == previous:
            return cast(m.LanguageChanged, await self._change(target_language))
        self._streams.follow(target_language)  # its broadcasts may overtake the reply
        try:
            reply = await self._change(target_language)
        except BaseException:
            self._streams.leave(target_language)
            raise
        self._standing["targetLanguage"] = target_language
        self._streams.leave(previous)
        # The reply does not say where the new stream stands; a heartbeat does.
        with suppress(LecternError):
            self._acked(reply if "lastSeq" in reply else cast(Message, await self.heartbeat()))
        return cast(m.LanguageChanged, reply)

    async def leave_session(self) -> None:
        """Leaves, and closes."""
        try:
            await self._call("leaveSession")
        except LecternError as error:
            if not error.lost:  # a lost socket has left, too
                raise
        self._chain.finish("left")
        await self._chain.closed()

    def _handled(self, kind: str, handler: Callable[[Any], object]) -> None:
        """The first handler of `broadcast` gets what came before it, too."""
        if kind == "broadcast" and self._early is not None:
            early, self._early = self._early, None
            self._readers.remove(early)
            for message in early.drain():
                handler(message)

    async def __aiter__(self) -> AsyncIterator[m.Broadcast]:
        inbox = self._early or Inbox(self._options.max_unread)
        if inbox is not self._early:
            self._readers.append(inbox)
        self._early = None
        if self.state == "closed":
            inbox.end()
        try:
            while (message := await inbox.get()) is not None:
                yield message
        finally:
            self._readers.remove(inbox)

    def greeting(self, *, rejoins: bool) -> Greeting:
        fields: dict[str, Any] = {
            "sessionId": self.session_id,
            "targetLanguage": self.target_language,
            "lastSeq": self.last_seq,
        }
        if self.resume_token:
            fields["resumeToken"] = self.resume_token
        if rejoins:
            return "joinSession", fields
        return "refreshConnection", fields | {"role": self.role}

    def may_do_without(self, error: LecternError) -> bool:
        """A listener whose resume token is refused can come as somebody new."""
        if error.action == "joinSession" and error.status in {401, 403} and self.resume_token:
            del self._standing["resumeToken"]
            return True
        return super().may_do_without(error)

    def adopted(self, link: Link, reply: Message) -> None:
        super().adopted(link, reply)
        self._recovery.restore(reply)

    def finished(self, error: LecternError) -> None:
        super().finished(error)
        self._recovery.stop()
        for inbox in self._readers:
            inbox.end()

    async def _change(self, target_language: str) -> Message:
        return await self._call("changeLanguage", targetLanguage=target_language)

    def _heartbeat_fields(self) -> dict[str, Any]:
        return {"wantSeq": True}

    def _acked(self, ack: Message) -> None:
        self._recovery.tell(ack.get("lastSeq", {}))

    def _broadcast(self, message: m.Broadcast) -> None:
        self._recovery.broadcast(message)

    def _deliver(self, out: Out) -> None:
        for item in out:
            if item["type"] == "gap":
                self.emit("gap", item)
                continue
            message = cast(m.Broadcast, item)
            self.emit("broadcast", message)
            for inbox in self._readers:
                if dropped := inbox.put(message):
                    self.emit("gap", dropped)

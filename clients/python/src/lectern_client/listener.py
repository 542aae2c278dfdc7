"""A listener's session."""

from collections.abc import AsyncIterator, Callable
from typing import Any, cast

from lectern_client import messages as m
from lectern_client.connection.events import Closed
from lectern_client.connection.participant import Participant
from lectern_client.errors import LecternError
from lectern_client.messages import Message
from lectern_client.options import Options
from lectern_client.receiving.inbox import Inbox
from lectern_client.receiving.recovery import Recovery
from lectern_client.session import Session
from lectern_client.streams import Out, Streams


class ListenerSession(Session):
    """Created by `join_session`. Iterate over it for its broadcasts, in order, until it is closed.

    Broadcasts that arrive before the first iterator or handler are kept, up to `max_unread`.
    """

    role = "listener"

    def __init__(
        self, url: str, options: Options, participant: Participant, streams: Streams
    ) -> None:
        super().__init__(url, options, participant)
        self._streams = streams
        self._unclaimed: Inbox | None = Inbox(options.max_unread)
        self._inboxes = [self._unclaimed]
        self._recovery = Recovery(
            self._supervisor, self._scheduler, options, streams=streams, deliver=self._deliver
        )
        self._supervisor.events.subscribe(Closed, self._on_closed)

    @property
    def target_language(self) -> str:
        return self._participant.target_language

    @property
    def last_seq(self) -> m.LastSeq:
        """The last broadcast delivered, by stream. `join_session` takes it to continue there."""
        return self._streams.last_seq

    async def change_language(self, target_language: str) -> m.LanguageChanged:
        previous = self.target_language
        if target_language == previous:
            return cast(m.LanguageChanged, await self._change(target_language))
        self._streams.follow(target_language)  # its broadcasts may arrive before the reply
        try:
            reply = await self._change(target_language)
        except BaseException:
            self._streams.leave(target_language)
            raise
        self._participant.target_language = target_language
        self._streams.leave(previous)
        self._recovery.begin(target_language, reply)
        return cast(m.LanguageChanged, reply)

    async def leave_session(self) -> None:
        """Leave the session, and close it."""
        try:
            await self._requests.call("leaveSession")
        except LecternError as error:
            if not error.lost:  # losing the connection leaves the session, too
                raise
        await self._close("left")

    async def __aiter__(self) -> AsyncIterator[m.Broadcast]:
        inbox = self._unclaimed or Inbox(self._options.max_unread)
        if inbox is not self._unclaimed:
            self._inboxes.append(inbox)
        self._unclaimed = None
        if self.state == "closed":
            inbox.close()
        try:
            while (message := await inbox.get()) is not None:
                yield message
        finally:
            self._inboxes.remove(inbox)

    def _on_handler(self, kind: str, handler: Callable[[Any], object]) -> None:
        """Give the first handler of `broadcast` what has arrived before it."""
        if kind == "broadcast" and self._unclaimed is not None:
            inbox, self._unclaimed = self._unclaimed, None
            self._inboxes.remove(inbox)
            for message in inbox.drain():
                handler(message)

    def _on_closed(self, _: Closed) -> None:
        for inbox in self._inboxes:
            inbox.close()

    async def _change(self, target_language: str) -> Message:
        return await self._requests.call("changeLanguage", targetLanguage=target_language)

    def _deliver(self, out: Out) -> None:
        for item in out:
            if item["type"] == "gap":
                self.emit("gap", item)
                continue
            message = cast(m.Broadcast, item)
            self.emit("broadcast", message)
            for inbox in self._inboxes:
                if gap := inbox.put(message):
                    self.emit("gap", gap)

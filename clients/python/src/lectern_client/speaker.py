"""A speaker's session."""

from typing import Any, cast

from lectern_client import messages as m
from lectern_client.chain import Greeting
from lectern_client.errors import LecternError
from lectern_client.link import Link
from lectern_client.messages import Message
from lectern_client.options import Options
from lectern_client.outbox import Outbox
from lectern_client.session import Session


class SpeakerSession(Session):
    """Made by `create_session`, or by `resume_session` after a restart."""

    role = "speaker"

    def __init__(self, url: str, options: Options, standing: Message) -> None:
        super().__init__(url, options, standing)
        self._outbox = Outbox(options, self._chain.ready, self._chain.spawn)
        self.expires_at: int | None = None

    async def broadcast(
        self, data: Any, *, target_language: str | None = None
    ) -> m.BroadcastAccepted:
        """Returns when the stack has accepted it; the broadcasts of one stream keep their order.

        More than `max_in_flight` wait. After a lost socket, where the streams stand tells whether
        it arrived; only if not, it is sent again.

        Raises:
            LecternError: TOO_MANY_QUEUED above `max_queued`, or what the stack answered.
        """
        fields = {"data": data}
        if target_language is not None:
            fields["targetLanguage"] = target_language
        self._check("broadcast", fields)
        return cast(m.BroadcastAccepted, await self._outbox.push(fields))

    async def pause_broadcast(self) -> m.BroadcastStateChanged:
        return await self._control("pauseBroadcast")

    async def resume_broadcast(self) -> m.BroadcastStateChanged:
        return await self._control("resumeBroadcast")

    async def mute_broadcast(self) -> m.BroadcastStateChanged:
        return await self._control("muteBroadcast")

    async def unmute_broadcast(self) -> m.BroadcastStateChanged:
        return await self._control("unmuteBroadcast")

    async def set_volume(self, volume: float) -> m.BroadcastStateChanged:
        """`volume`: 0.0 to 1.0."""
        return await self._control("setVolume", volume=volume)

    async def get_session_status(self) -> m.SessionStatus:
        return cast(m.SessionStatus, await self._call("getSessionStatus"))

    async def end_session(self) -> None:
        """Ends the session for everybody, and closes."""
        try:
            await self._call("endSession")
        except LecternError as error:
            if error.status != 404 and self.close_reason != "endedBySpeaker":
                raise
        self._chain.finish("endedBySpeaker")
        await self._chain.closed()

    def greeting(self, *, rejoins: bool) -> Greeting:  # noqa: ARG002 - a speaker has one way back
        fields = {"sessionId": self.session_id, "role": self.role}
        if self.resume_token:
            fields["resumeToken"] = self.resume_token
        return "refreshConnection", fields

    def adopted(self, link: Link, reply: Message) -> None:
        super().adopted(link, reply)
        self.expires_at = reply.get("expiresAt", self.expires_at)
        self._outbox.resume(reply.get("lastSeq", {}))

    def sent(self, link: Link) -> None:  # noqa: ARG002
        self._heart.schedule()

    def flush(self) -> None:
        super().flush()
        self._outbox.pump()

    def finished(self, error: LecternError) -> None:
        super().finished(error)
        self._outbox.fail(error)

    async def _control(self, action: str, **fields: Any) -> m.BroadcastStateChanged:
        return cast(m.BroadcastStateChanged, await self._call(action, **fields))

"""A speaker's session."""

from typing import Any, cast

from lectern_client import messages as m
from lectern_client.connection.events import Sent
from lectern_client.connection.participant import Participant
from lectern_client.errors import LecternError
from lectern_client.options import Options
from lectern_client.sending.outbox import Outbox
from lectern_client.session import Session


class SpeakerSession(Session):
    """Created by `create_session`, or by `resume_session` after a restart."""

    role = "speaker"

    def __init__(self, url: str, options: Options, participant: Participant) -> None:
        super().__init__(url, options, participant)
        self._outbox = Outbox(self._supervisor, self._scheduler, options)
        # Any message counts as a heartbeat (PROTOCOL 6.4).
        self._supervisor.events.subscribe(Sent, lambda _: self._heartbeat.restart())

    @property
    def expires_at(self) -> int | None:
        return self._participant.expires_at

    async def broadcast(
        self, data: Any, *, target_language: str | None = None
    ) -> m.BroadcastAccepted:
        """Return when the stack has accepted the broadcast. A stream keeps the order of the calls.

        Broadcasts above `max_in_flight` wait. One whose reply is lost is sent again only if its
        stream's position says that it did not arrive.

        Raises:
            LecternError: TOO_MANY_QUEUED above `max_queued`, or the stack's refusal.
        """
        fields = {"data": data}
        if target_language is not None:
            fields["targetLanguage"] = target_language
        self._requests.check("broadcast", fields)
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
        """Set the volume, from 0.0 to 1.0."""
        return await self._control("setVolume", volume=volume)

    async def get_session_status(self) -> m.SessionStatus:
        return cast(m.SessionStatus, await self._requests.call("getSessionStatus"))

    async def end_session(self) -> None:
        """End the session for every participant, and close it."""
        try:
            await self._requests.call("endSession")
        except LecternError as error:
            if error.status != 404 and self.close_reason != "endedBySpeaker":
                raise
        await self._close("endedBySpeaker")

    async def _control(self, action: str, **fields: Any) -> m.BroadcastStateChanged:
        return cast(m.BroadcastStateChanged, await self._requests.call(action, **fields))

"""What a listener has missed (PROTOCOL 6.2): read from the history, or said to be lost."""

from dataclasses import dataclass, field

from msgspec import Raw, UnsetType

from chalicelib.actions.services import Call, Services
from chalicelib.domain.session import Session
from chalicelib.errors import Code, NotFound
from chalicelib.protocol import messages, requests
from chalicelib.protocol.codec import encode
from chalicelib.protocol.requests import MESSAGE_BYTES
from chalicelib.stores.history import Kept

_LOOKS = 3
_PAUSE = 0.05
"""Seconds between looks at a hole: a broadcast has its seq a moment before it is in the history."""


def recover(services: Services, call: Call, request: requests.Recover) -> messages.Recovered:
    """What came after `lastSeq`, and where the streams stand now."""
    session = services.sessions.get(call.require_session())
    if session is None:
        raise NotFound(Code.SESSION_NOT_FOUND, "the session is gone")
    reply = messages.Recovered(
        timestamp=services.clock(),
        session_id=session.session_id,
        last_seq=session.positions(call.connection.target_language),
    )
    add_missed(services, reply, session, request.last_seq)
    return reply


def add_missed(
    services: Services,
    reply: messages.SessionJoined | messages.ConnectionRefreshComplete | messages.Recovered,
    session: Session,
    seen: dict[str, int] | UnsetType,
) -> None:
    """Fills `missed` and `gap` with what lies between `seen` and the reply's `lastSeq`.

    A stream that `seen` does not name counts as not seen at all. Nothing is added for a client
    that did not say what it saw.
    """
    if isinstance(seen, UnsetType):
        return
    reply.missed, reply.gap = [], False
    room = _Room(MESSAGE_BYTES - len(encode(reply)) - _ID_BYTES)
    for stream, position in reply.last_seq.items():
        first = seen.get(stream, 0) + 1
        wanted = range(first, position + 1)
        held = _held(services, session, stream, wanted)
        room.add(held)
        reply.gap |= len(held) < len(wanted) or room.left_out
    reply.missed = room.messages


_ID_BYTES = 6 * 128 + 8
"""What the reply's `id`, which is set later, may take at most: every character an escape."""


@dataclass
class _Room:
    """The messages that fit into one reply, in order."""

    size: int
    messages: list[Raw] = field(default_factory=list)
    left_out: bool = False

    def add(self, held: list[Kept]) -> None:
        """Takes messages until the first that doesn't fit; one too large for any reply is skipped.

        A client that was left something out asks again from the last one it received.
        """
        for kept in held:
            text = kept.message.encode()
            if len(text) + 1 <= self.size:
                self.size -= len(text) + 1
                self.messages.append(Raw(text))
                continue
            self.left_out = True
            if self.messages:
                return


def _held(services: Services, session: Session, stream: str, wanted: range) -> list[Kept]:
    """What the history holds of `wanted`. A hole is looked at again: it may be filled by now."""
    held: list[Kept] = []
    for look in range(_LOOKS if wanted else 0):
        if look:
            services.sleep(_PAUSE)
        kept = services.history.after(session.session_id, stream, wanted.start - 1)
        now = services.clock()
        held = [each for each in kept if each.seq in wanted and each.expires_at > now]
        if held and len(held) >= wanted.stop - held[0].seq:
            break
    return held

"""recover, and the broadcasts that a listener has missed (PROTOCOL 6.2), from the history."""

from collections.abc import Iterator

from msgspec import Raw, Struct, UnsetType, field

from chalicelib.actions.delivery import deliver
from chalicelib.actions.registry import action
from chalicelib.actions.services import Call, Services
from chalicelib.actions.session.missed import Budget, MissedBroadcasts
from chalicelib.domain.session import Session
from chalicelib.errors import Code, NotFound
from chalicelib.protocol import messages, requests
from chalicelib.protocol.codec import encode
from chalicelib.protocol.requests import MESSAGE_BYTES
from chalicelib.stores.history import HistoryEntry

_ID_BYTES = 6 * 128 + 8
"""The most that a reply's `id`, which is set later, can take: every character an escape."""


@action(requests.Recover)
def recover(services: Services, call: Call, request: requests.Recover) -> messages.Recovered:
    """Return the broadcasts after `lastSeq`, and the present position of each stream.

    A broadcast of nearly 128 KB fits in no reply. It is posted by itself, before a reply with `gap`
    and nothing in `missed`: the client recovers again from there.
    """
    session = services.sessions.get(call.require_session())
    if session is None:
        raise NotFound(Code.SESSION_NOT_FOUND, "the session is gone")
    reply = messages.Recovered(
        id=request.id,
        timestamp=services.clock(),
        session_id=session.session_id,
        last_seq=session.positions(call.connection.target_language),
    )
    too_large = add_missed(services, reply, session, request.last_seq, spare=0)
    if too_large is not None and not reply.missed:
        deliver.fan_out(services, [(call.connection_id, too_large)], call.remaining)
    return reply


def missed_since(
    services: Services, session: Session, language: str | None, seen: dict[str, int]
) -> list[bytes]:
    """Return the broadcasts after `seen`, encoded, as far as they are kept and fit in one reply."""
    reply = messages.Recovered(
        timestamp=services.clock(),
        session_id=session.session_id,
        last_seq=session.positions(language),
    )
    add_missed(services, reply, session, seen)
    return [] if isinstance(reply.missed, UnsetType) else [bytes(each) for each in reply.missed]


def add_missed(
    services: Services,
    reply: messages.SessionJoined | messages.ConnectionRefreshComplete | messages.Recovered,
    session: Session,
    seen: dict[str, int] | UnsetType,
    *,
    spare: int = _ID_BYTES,
) -> bytes | None:
    """Fill `missed` and `gap` of a reply with the broadcasts between `seen` and its `lastSeq`.

    `seen` has the last seq seen, by stream; a stream that it does not name is missed as a whole. If
    it is unset, nothing is added. `spare` is the number of bytes by which the reply may still grow.
    Return the first broadcast that does not fit even in a reply that has no other.
    """
    if isinstance(seen, UnsetType):
        return None
    reply.missed, reply.gap = [], False
    room, budget = _Room(MESSAGE_BYTES - len(encode(reply)) - spare), Budget()
    for stream, position in reply.last_seq.items():
        wanted = range(seen.get(stream, 0) + 1, position + 1)
        missed = MissedBroadcasts(services, session, stream, budget, room)
        added = room.fill(missed.read(wanted))
        reply.gap |= added < len(wanted)
    reply.missed = room.messages
    return room.too_large


class _Room(Struct):
    """The messages that fit into one reply, in order; `size` is the number of bytes left."""

    size: int
    messages: list[Raw] = field(default_factory=list)
    too_large: bytes | None = None

    @property
    def is_empty(self) -> bool:
        return not self.messages

    def fill(self, held: Iterator[HistoryEntry]) -> int:
        """Add messages until one doesn't fit, and read no further. Return the number added.

        A client that got only a part recovers again from the last one it received.
        """
        added = 0
        for kept in held:
            text = (kept.message or "").encode()
            if len(text) + 1 > self.size:
                if not self.messages:
                    self.too_large = self.too_large or text
                break
            self.size -= len(text) + 1
            self.messages.append(Raw(text))
            added += 1
        return added

"""What a listener has missed (PROTOCOL 6.2): read from the history, or said to be lost."""

from collections.abc import Iterator

from msgspec import Raw, Struct, UnsetType, field

from chalicelib.actions.delivery import deliver as delivery
from chalicelib.actions.registry import action
from chalicelib.actions.services import Call, Services
from chalicelib.domain.session import Session
from chalicelib.errors import Code, NotFound
from chalicelib.protocol import messages, requests
from chalicelib.protocol.codec import encode
from chalicelib.protocol.requests import MESSAGE_BYTES
from chalicelib.stores.history import HistoryEntry

_WAITS = (0.05, 0.1, 0.2, 0.4)
"""Seconds between looks at a hole: a broadcast has its seq a moment before it is in the history."""
_FRESH_MILLIS = 5_000
"""Behind a broadcast that is older than this, a hole is not filled any more."""
_ID_BYTES = 6 * 128 + 8
"""What a reply's `id`, which is set later, may take at most: every character an escape."""


@action(requests.Recover)
def recover(services: Services, call: Call, request: requests.Recover) -> messages.Recovered:
    """What came after `lastSeq`, and where the streams stand now.

    A broadcast of nearly 128 KB fits in no reply. It is posted by itself, before a reply that says
    `gap` and has nothing missed: the client asks again from there.
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
        delivery.post(services, [(call.connection_id, too_large)], call.remaining)
    return reply


def missed(
    services: Services, session: Session, language: str | None, seen: dict[str, int]
) -> list[bytes]:
    """The `broadcast` messages after `seen`, as far as they are held and fit in one reply."""
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
    """Fills `missed` and `gap` with what lies between `seen` and the reply's `lastSeq`.

    A stream that `seen` does not name counts as not seen at all. Nothing is added for a client
    that did not say what it saw. `spare` is by how many bytes the reply may still grow. Returns the
    first broadcast for which there is no room even in a reply that has no other.
    """
    if isinstance(seen, UnsetType):
        return None
    reply.missed, reply.gap = [], False
    room = _Room(MESSAGE_BYTES - len(encode(reply)) - spare)
    for stream, position in reply.last_seq.items():
        wanted = range(seen.get(stream, 0) + 1, position + 1)
        added = room.fill(_held(services, session, stream, wanted))
        reply.gap |= added < len(wanted)
    reply.missed = room.messages
    return room.too_large


class _Room(Struct):
    """The messages that fit into one reply, in order."""

    size: int
    messages: list[Raw] = field(default_factory=list)
    too_large: bytes | None = None

    def fill(self, held: Iterator[HistoryEntry]) -> int:
        """Takes messages until one doesn't fit, and reads no further; answers how many it took.

        A client that was left something out asks again from the last one it received.
        """
        added = 0
        for kept in held:
            text = kept.message.encode()
            if len(text) + 1 > self.size:
                if not self.messages:
                    self.too_large = self.too_large or text
                break
            self.size -= len(text) + 1
            self.messages.append(Raw(text))
            added += 1
        return added


def _held(
    services: Services, session: Session, stream: str, wanted: range
) -> Iterator[HistoryEntry]:
    """What the history holds of `wanted`, oldest first. A fresh hole is looked at again."""
    following = _skip_expired(services, session, stream, wanted)
    for wait in (*_WAITS, 0.0):
        if following >= wanted.stop:
            return
        for kept in services.history.after(session.session_id, stream, following - 1):
            if kept.seq >= wanted.stop or (
                kept.seq > following and wait and _is_fresh(services, kept)
            ):
                break
            yield kept
            following = kept.seq + 1
        if following < wanted.stop:
            services.sleep(wait)


def _skip_expired(services: Services, session: Session, stream: str, wanted: range) -> int:
    """The first seq of `wanted` that has not expired.

    DynamoDB deletes hours late. What was kept earlier expires earlier: so it can be looked for,
    and hours of it need not be read.
    """

    def expired_from(seq: int) -> int | None:
        """The first seq held from `seq` on, if that one has expired."""
        kept = services.history.at_or_after(session.session_id, stream, seq)
        expired = kept is not None and kept.expires_at <= services.clock()
        return kept.seq if kept is not None and expired else None

    low, high = wanted.start, wanted.stop
    middle = low
    while low < high:
        expired = expired_from(middle)
        if expired is None:
            high = middle
        else:
            low = expired + 1
        middle = (low + high) // 2
    return low


def _is_fresh(services: Services, kept: HistoryEntry) -> bool:
    kept_at = kept.expires_at - services.settings.history_seconds * 1000
    return services.clock() - kept_at < _FRESH_MILLIS

"""Order, duplicates and holes of broadcasts, without I/O (PROTOCOL 6.2)."""

from collections.abc import Iterable, Mapping

from lectern_client.messages import Broadcast, Gap, LastSeq, Message

ALL = "*"
Out = list[Broadcast | Gap]


class Streams:
    """Puts broadcasts into order, drops duplicates, and knows what is missing.

    Its methods return what is to be delivered: broadcasts, and gaps for those that are lost.
    It starts after `last_seq`, or else at the positions in the first reply.
    """

    def __init__(self, language: str | None = None, last_seq: LastSeq | None = None) -> None:
        # "*" and the language; two languages while one changes to the other.
        self._followed = {ALL, language} if language else {ALL}
        self._pending: set[str] = set()  # followed, but not begun: their broadcasts wait
        self._delivered: dict[str, int] | None = None if last_seq is None else dict(last_seq)
        self._positions: dict[str, int] = {}
        self._waiting: dict[str, dict[int, Broadcast]] = {}

    @property
    def last_seq(self) -> LastSeq:
        return dict(self._delivered or {})

    @property
    def behind(self) -> list[str]:
        """The streams of which broadcasts are missing."""
        seen = self._delivered or {}
        return [s for s in seen if self._waiting.get(s) or self._positions.get(s, 0) > seen[s]]

    def follow(self, language: str) -> None:
        """Hold the broadcasts of a language until `begin`."""
        self._followed.add(language)
        self._pending.add(language)

    def begin(self, language: str, last_seq: LastSeq) -> Out:
        """Begin with a followed language where `last_seq`, of `languageChanged`, says."""
        self._pending.discard(language)
        return self.restore({"lastSeq": last_seq})

    def leave(self, language: str) -> None:
        self._followed.discard(language)
        self._pending.discard(language)
        for part in (self._delivered, self._positions, self._waiting):
            if part is not None:
                part.pop(language, None)

    def add(self, message: Broadcast) -> Out:
        self._hold(message)
        return self._drain(message["stream"])

    def restore(self, reply: Message) -> Out:
        """Take a reply: the streams' positions, the missed broadcasts, and if some are lost.

        What did not fit into the reply is still missing: see `Recovery`.
        """
        last_seq, missed = reply.get("lastSeq", {}), reply.get("missed", [])
        if self._delivered is None:
            # A stream that the first reply does not name has had no broadcast yet.
            self._delivered = dict.fromkeys(self._followed, 0) | last_seq
        self.tell(last_seq)
        for message in missed:
            self._hold(message)
        if not reply.get("gap") or not missed:
            return _joined(self._drain(stream) for stream in sorted(self._followed))
        # Older ones than the first in the reply are lost. Another reply may fill later holes.
        firsts = {m["stream"]: m["seq"] for m in reversed(missed)}
        return _joined(
            self._advance(s, firsts[s] - 1) if s in firsts else self._drain(s)
            for s in sorted(self._followed)
        )

    def tell(self, last_seq: Mapping[str, int]) -> None:
        """Note the streams' positions as the stack knows them."""
        for stream in (self._followed - self._pending) & last_seq.keys():
            if self._delivered is not None:
                self._delivered.setdefault(stream, last_seq[stream])
            self._positions[stream] = max(last_seq[stream], self._positions.get(stream, 0))

    def skip(self) -> Out:
        """Give up everything that is missing."""
        return _joined(
            self._advance(s, max([self._positions.get(s, 0), *self._waiting.get(s, ())]))
            for s in self.behind
        )

    def _hold(self, message: Broadcast) -> None:
        stream, seq = message["stream"], message["seq"]
        if stream not in self._followed:
            return
        delivered = None if stream in self._pending else self._delivered
        # A stream that `last_seq` did not name begins with its first broadcast.
        if delivered is not None and seq <= delivered.setdefault(stream, seq - 1):
            return
        self._waiting.setdefault(stream, {})[seq] = message

    def _drain(self, stream: str) -> Out:
        held = self._waiting.get(stream)
        ready: Out = []
        if self._delivered is None or stream not in self._delivered or not held:
            return ready
        for seq in [seq for seq in held if seq <= self._delivered[stream]]:
            del held[seq]
        while (seq := self._delivered[stream] + 1) in held:
            ready.append(held.pop(seq))
            self._delivered[stream] = seq
        return ready

    def _advance(self, stream: str, limit: int) -> Out:
        ready = self._drain(stream)
        seen = self._delivered or {}
        while (first := seen.get(stream, limit) + 1) <= limit:
            last = min([limit, *(seq - 1 for seq in self._waiting.get(stream, ()))])
            seen[stream] = last
            ready.append(Gap(type="gap", stream=stream, first=first, last=last))
            ready += self._drain(stream)
        return ready


def _joined(parts: Iterable[Out]) -> Out:
    return [item for part in parts for item in part]

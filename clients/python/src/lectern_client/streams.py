"""Order, duplicates and holes of broadcasts, without I/O (PROTOCOL 6.2)."""

from collections.abc import Iterable, Mapping

from lectern_client.messages import Broadcast, Gap, LastSeq, Message

ALL = "*"
Out = list[Broadcast | Gap]


class Streams:
    """Puts broadcasts into order, drops duplicates, and knows what is missing.

    What its methods return is to be handed out: broadcasts, and gaps where some are gone for good.
    `last_seq` says where to go on; without it, the first reply says where the streams stand.
    """

    def __init__(self, language: str | None = None, last_seq: LastSeq | None = None) -> None:
        # For a moment two languages are followed, while one changes to the other.
        self._followed = {ALL, language} if language else {ALL}
        self._seen: dict[str, int] | None = None if last_seq is None else dict(last_seq)
        self._told: dict[str, int] = {}
        self._held: dict[str, dict[int, Broadcast]] = {}

    @property
    def last_seq(self) -> LastSeq:
        return dict(self._seen or {})

    @property
    def behind(self) -> list[str]:
        """The streams that miss something."""
        seen = self._seen or {}
        return [s for s in seen if self._held.get(s) or self._told.get(s, 0) > seen[s]]

    def follow(self, language: str) -> None:
        self._followed.add(language)

    def leave(self, language: str) -> None:
        self._followed.discard(language)
        for part in (self._seen, self._told, self._held):
            if part is not None:
                part.pop(language, None)

    def add(self, message: Broadcast) -> Out:
        self._hold(message)
        return self._drain(message["stream"])

    def restore(self, reply: Message) -> Out:
        """Takes a reply: where the streams stand, what was missed, and whether that has a gap.

        What a reply had no room for may be asked for yet: see `Recovery`.
        """
        last_seq, missed = reply.get("lastSeq", {}), reply.get("missed", [])
        if self._seen is None:
            # A stream that a first reply does not name has had no broadcast yet.
            self._seen = dict.fromkeys(self._followed, 0) | last_seq
        self.tell(last_seq)
        for message in missed:
            self._hold(message)
        if not reply.get("gap") or not missed:
            return _joined(self._drain(stream) for stream in sorted(self._followed))
        # What is older than the first that came is gone; later holes may close with another reply.
        firsts = {m["stream"]: m["seq"] for m in reversed(missed)}
        return _joined(
            self._advance(s, firsts[s] - 1) if s in firsts else self._drain(s)
            for s in sorted(self._followed)
        )

    def tell(self, last_seq: Mapping[str, int]) -> None:
        """Notes where the stack says that the streams stand."""
        for stream in self._followed & last_seq.keys():
            if self._seen is not None:
                self._seen.setdefault(stream, last_seq[stream])
            self._told[stream] = max(last_seq[stream], self._told.get(stream, 0))

    def skip(self) -> Out:
        """Gives up everything that is missing."""
        return _joined(
            self._advance(s, max([self._told.get(s, 0), *self._held.get(s, ())]))
            for s in self.behind
        )

    def _hold(self, message: Broadcast) -> None:
        stream, seq = message["stream"], message["seq"]
        if stream not in self._followed:
            return
        # After a change of language, only the first broadcast tells where its stream stands.
        if self._seen is not None and seq <= self._seen.setdefault(stream, seq - 1):
            return
        self._held.setdefault(stream, {})[seq] = message

    def _drain(self, stream: str) -> Out:
        held = self._held.get(stream)
        ready: Out = []
        if self._seen is None or not held:
            return ready
        for seq in [seq for seq in held if seq <= self._seen[stream]]:
            del held[seq]
        while (seq := self._seen[stream] + 1) in held:
            ready.append(held.pop(seq))
            self._seen[stream] = seq
        return ready

    def _advance(self, stream: str, limit: int) -> Out:
        ready = self._drain(stream)
        seen = self._seen or {}
        while (first := seen.get(stream, limit) + 1) <= limit:
            last = min([limit, *(seq - 1 for seq in self._held.get(stream, ()))])
            seen[stream] = last
            ready.append(Gap(type="gap", stream=stream, first=first, last=last))
            ready += self._drain(stream)
        return ready


def _joined(parts: Iterable[Out]) -> Out:
    return [item for part in parts for item in part]

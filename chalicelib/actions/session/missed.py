"""Read the broadcasts that a client has missed from the history, at a bounded price.

Whatever a client asks for and the history holds, one request spends at most `MAX_UNITS` read units
and sleeps for at most 0.2 s. What it does not reach, the client asks for again.
"""

from collections.abc import Iterator
from typing import Protocol

from msgspec import Struct, field
from msgspec.structs import replace

from chalicelib.actions.services import Services
from chalicelib.domain.session import Session
from chalicelib.domain.types import Millis
from chalicelib.stores.history import ITEM_BYTES, UNIT_BYTES, HistoryEntry

MAX_UNITS = 36.0
"""Read units for the history. Those for the connection and the session are 4 at most."""
_LARGEST_UNITS = 17.0
"""Read units of the largest message: they are reserved, as it may be the first one missed."""
_PAGE = 32
"""Entries of the first page. Later ones have as many as fit, by the size of those before."""
_GAP_ENTRIES = 8
"""Entries of a gap that are read again."""
_FRESH_MILLIS = 5_000
"""A gap before a broadcast that is older than this is not filled any more."""


class Room(Protocol):
    """The room that is left in a reply."""

    size: int
    """In bytes."""

    @property
    def is_empty(self) -> bool:
        """Return True if the reply has no message yet."""
        ...


class Budget(Struct):
    """What one request may still spend on the history."""

    units: float = MAX_UNITS
    waits: list[float] = field(default_factory=lambda: [0.05, 0.15])
    """Seconds of waits for a gap: a broadcast has its seq a moment before it is in the history."""

    def spend(self, size: int, *, consistent: bool = False) -> None:
        """Spend the units of a read of `size` bytes. A read that finds nothing costs a unit too."""
        units = max(1, -(-size // UNIT_BYTES))
        self.units -= units if consistent else units / 2

    def entries(self, *, consistent: bool = False) -> int:
        """Return how many entries can be read, whatever their sizes."""
        units = self.units - _LARGEST_UNITS if self.units > _LARGEST_UNITS else self.units
        return max(0, int(units if consistent else units * 2))

    def affords(self, size: int) -> bool:
        """Return True if a read of `size` bytes that need not be consistent can be paid for."""
        return self.units >= max(1, -(-size // UNIT_BYTES)) / 2


class MissedBroadcasts:
    """The broadcasts of one stream that a client has missed."""

    def __init__(
        self, services: Services, session: Session, stream: str, budget: Budget, room: Room
    ) -> None:
        self._services = services
        self._session = session
        self._stream = stream
        self._budget = budget
        self._room = room
        self._average = 0
        self._following = 0
        """The seq that is read next."""

    def read(self, wanted: range) -> Iterator[HistoryEntry]:
        """Yield what the history holds of `wanted`, oldest first, as far as the budget reaches."""
        self._following = wanted.start
        if len(wanted) > _PAGE:
            self._skip_expired(wanted)
        while self._following < wanted.stop:
            entries = self._next(wanted.stop)
            if not entries:
                return
            for entry in entries:
                whole = self._whole(entry)
                if whole is None:
                    return
                yield whole
                self._following = entry.seq + 1

    def _next(self, stop: int) -> list[HistoryEntry]:
        """Return the next entries, up to a gap that may still be filled; none at the end."""
        page = self._page(stop)
        first = page[0].seq if page else stop
        if first > self._following and self._is_fresh(page):
            filled = self._fill(first)
            if filled and filled[-1].seq + 1 < first:
                return filled
            page = filled + page
        return list(self._up_to_fresh_gap(page))

    def _page(self, stop: int) -> list[HistoryEntry]:
        """Read the next page, and skip what has expired."""
        wanted = min(stop - self._following, self._fitting())
        limit = min(wanted, self._budget.entries())
        page = self._read(limit) if limit else []
        while page and page[0].expires_at <= self._now():
            self._following = page.pop(0).seq + 1
        return [entry for entry in page if entry.seq < stop]

    def _fitting(self) -> int:
        """Return how many entries fit into the reply, by the size of those so far."""
        return self._room.size // self._average + 1 if self._average else _PAGE

    def _fill(self, until: int) -> list[HistoryEntry]:
        """Return entries at a gap that ends before `until`, once they are there; none if never."""
        waits = [0.0, *self._budget.waits]
        for wait in waits:
            limit = min(until - self._following, _GAP_ENTRIES)
            limit = min(limit, self._budget.entries(consistent=True))
            if not limit:
                break
            if wait:
                self._services.sleep(self._budget.waits.pop(0))
            found = self._read(limit, consistent=True)
            if found and found[0].seq == self._following:
                return [each for each in found if each.seq < until]
        return []

    def _read(self, limit: int, *, consistent: bool = False) -> list[HistoryEntry]:
        page = self._services.history.page(
            self._session.session_id, self._stream, self._following, limit, consistent=consistent
        )
        size = sum(_item_bytes(entry) for entry in page)
        self._budget.spend(size, consistent=consistent)
        if page:
            self._average = sum(entry.size for entry in page) // len(page) + 1
        return page

    def _up_to_fresh_gap(self, page: list[HistoryEntry]) -> Iterator[HistoryEntry]:
        following = page[0].seq if page else 0
        for entry in page:
            if entry.seq > following and self._is_fresh([entry]):
                return
            yield entry
            following = entry.seq + 1

    def _whole(self, entry: HistoryEntry) -> HistoryEntry | None:
        """Return an entry with its message. None if it cannot be sent now."""
        if entry.message is not None:
            return entry
        fits = self._room.is_empty or entry.size < self._room.size
        size = entry.size + ITEM_BYTES
        if not fits or not self._budget.affords(size):
            return None
        self._budget.spend(size)
        message = self._services.history.large_message(
            self._session.session_id, self._stream, entry.seq
        )
        return None if message is None else replace(entry, message=message)

    def _skip_expired(self, wanted: range) -> None:
        """Go on with the first seq of `wanted` that has not expired.

        DynamoDB deletes expired items hours late. Entries expire in the order of their seq, so a
        binary search finds the first, and hours of expired ones need not be read.
        """
        low, high = wanted.start, wanted.stop
        middle = low
        while low < high:
            self._following = middle
            found = self._read(1)
            if found and found[0].expires_at <= self._now():
                low = found[0].seq + 1
            else:
                high = middle
            middle = (low + high) // 2
        self._following, self._average = low, 0

    def _is_fresh(self, page: list[HistoryEntry]) -> bool:
        """Return True if a gap before `page`, or at the end of the stream, may still be filled."""
        at = self._session.last_broadcast_at or 0
        if page:
            at = page[0].expires_at - self._services.settings.history_seconds * 1000
        return self._now() - at < _FRESH_MILLIS

    def _now(self) -> Millis:
        return self._services.clock()


def _item_bytes(entry: HistoryEntry) -> int:
    return ITEM_BYTES + (0 if entry.message is None else entry.size)

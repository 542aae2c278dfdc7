"""What was measured: latencies by kind, second by second, and what went wrong."""

import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.harness import Report, Row

KINDS = ("join", "reply", "delivery")
FLAT = 1.1
"""Memory is flat when its last third has at most so much more than its middle third."""
JUDGED = 300
"""Seconds of talking from which on memory is judged: before, caches fill."""
PERCENTILES = (50.0, 95.0, 99.0, 100.0)


@dataclass
class Second:
    """One second of the run: how much happened, and the slowest of it in milliseconds."""

    deliveries: int = 0
    slowest: float = 0.0
    drops: int = 0
    errors: int = 0
    open: int = 0
    server_mb: float = 0.0


@dataclass
class Score:
    """Times in milliseconds. `started` is the clock's `perf_counter` at the beginning."""

    started: float = field(default_factory=time.perf_counter)
    latencies: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    errors: Counter[str] = field(default_factory=Counter)
    """By code, and by status for refused handshakes. Drops that were made are not among them."""
    seconds: defaultdict[int, Second] = field(default_factory=lambda: defaultdict(Second))
    said: int = 0
    delivered: int = 0
    arrived: int = 0
    """Broadcasts on the wire: what is beyond `delivered` came twice, and the client dropped it."""
    drops: int = 0
    refreshes: int = 0
    lost: int = 0
    twice: int = 0
    """Handed to the program twice: the client must not."""
    gaps: int = 0
    miscounted: list[str] = field(default_factory=list)
    server_mb: list[float] = field(default_factory=list)
    """The stack's memory while people talked, where it is known."""
    over: bool = False
    """Nothing counts any more: everybody leaves."""

    @property
    def now(self) -> Second:
        """The second that it is."""
        return self.seconds[int(time.perf_counter() - self.started)]

    @property
    def is_good(self) -> bool:
        """Nothing lost or handed out twice, every count exact, no 5xx, and memory flat."""
        return not (self.lost or self.twice or self.miscounted or self._failures() or self.grows)

    @property
    def grows(self) -> bool:
        """Whether the stack's memory does, as far as the run was long enough to tell."""
        middle, last = self._thirds()
        return len(self.server_mb) >= JUDGED and last > middle * FLAT

    def took(self, kind: str, since: float) -> None:
        """Something that began at `since` is done now."""
        if self.over:
            return
        milliseconds = (time.perf_counter() - since) * 1000
        self.latencies[kind].append(milliseconds)
        if kind == "delivery":
            self.delivered += 1
            second = self.now
            second.deliveries += 1
            second.slowest = max(second.slowest, milliseconds)

    def failed(self, status: int | None, code: str) -> None:
        """An error that a client was told, or met."""
        if self.over:
            return
        self.errors[f"{status} {code}" if status else code] += 1
        self.now.errors += 1

    def lines(self) -> list[str]:
        """The result, as a table and sentences in Markdown."""
        head = "| ms | " + " | ".join(f"p{each:g}" for each in PERCENTILES[:-1]) + " | most | of |"
        lines = [head, "|---" * (len(PERCENTILES) + 2) + "|"]
        for kind, values in self.latencies.items():
            cells = [f"{percentile(values, each):.0f}" for each in PERCENTILES]
            lines.append(f"| {kind} | {' | '.join(cells)} | {len(values):,} |")
        return [
            *lines,
            "",
            f"- {self.said:,} broadcasts, {self.delivered:,} deliveries; lost {self.lost}, told as "
            f"a gap {self.gaps}, handed on twice {self.twice}, twice on the wire "
            f"{max(self.arrived - self.delivered, 0):,}",
            f"- {self.drops:,} drops, {self.refreshes:,} refreshes; errors: {self._wrong()}",
            f"- counts: {'; '.join(self.miscounted) or 'exact'}",
            *([self._memory()] if self.server_mb else []),
        ]

    def reports(self, title: str) -> list[Report]:
        """The result for `bench/results.md`: latencies, and what must not be."""
        times = Report(title, "Milliseconds, as the clients saw them.")
        for kind, values in self.latencies.items():
            figures = {f"p{each:g}": percentile(values, each) for each in PERCENTILES}
            row = {name: (value,) * 3 for name, value in figures.items()}
            times.rows.append(Row(kind, row | {"of": (float(len(values)),) * 3}))
        counted = {
            "broadcasts": self.said,
            "deliveries": self.delivered,
            "drops": self.drops,
            "refreshes": self.refreshes,
            "twice on the wire": max(self.arrived - self.delivered, 0),
            "errors under 500": sum(self.errors.values()) - self._failures(),
        }
        what = Report("What came of it", f"Errors: {self._wrong()}.")
        what.rows = [Row("in all", {name: (float(each),) * 3 for name, each in counted.items()})]
        what.demand("lost", self.lost, 0)
        what.demand("handed on twice", self.twice, 0)
        what.demand("sessions with a wrong count", len(self.miscounted), 0)
        what.demand("5xx", self._failures(), 0)
        if self.server_mb:
            middle, last = self._thirds()
            what.demand("the stack's memory, its last third by its middle", last / middle, FLAT)
        return [times, what]

    def _failures(self) -> int:
        return sum(count for code, count in self.errors.items() if code.startswith("5"))

    def _wrong(self) -> str:
        return ", ".join(f"{code}: {n}" for code, n in sorted(self.errors.items())) or "none"

    def _memory(self) -> str:
        first, (middle, last) = self.server_mb[0], self._thirds()
        verdict = ""
        if len(self.server_mb) >= JUDGED:
            verdict = ": not flat" if self.grows else ": flat"
        return (
            f"- the stack's memory: {first:.0f} MB when all were there, {middle:.0f} in the middle "
            f"third of the talking, {last:.0f} in the last{verdict}"
        )

    def _thirds(self) -> tuple[float, float]:
        """Medians of the memory's middle and last third, in MB."""
        third = len(self.server_mb) // 3
        middle, last = self.server_mb[third : 2 * third], self.server_mb[2 * third :]
        return percentile(middle, 50), percentile(last, 50)


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that so many percent are not above; 0 without any."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * percent / 100), len(ordered) - 1)] if ordered else 0.0

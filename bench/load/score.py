"""The measurements: latencies by kind, second by second, and failures."""

import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.harness import Report, Row

KINDS = ("join", "reply", "delivery")
FLAT = 1.1
"""Memory is flat if its last third is at most this much above its middle third."""
JUDGED = 300
"""Seconds of talking from which on memory is judged: before, caches fill."""
PERCENTILES = (50.0, 95.0, 99.0, 100.0)


@dataclass
class Second:
    """One second of the run: its counts, and the slowest delivery in milliseconds."""

    deliveries: int = 0
    slowest: float = 0.0
    drops: int = 0
    errors: int = 0
    open: int = 0
    server_mb: float = 0.0


@dataclass
class Score:
    """Measurements; times in milliseconds. `started` is `perf_counter` at the beginning."""

    started: float = field(default_factory=time.perf_counter)
    latencies: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    errors: Counter[str] = field(default_factory=Counter)
    """Errors by code, and by status for refused handshakes. Deliberate drops are not among them."""
    seconds: defaultdict[int, Second] = field(default_factory=lambda: defaultdict(Second))
    broadcasts: int = 0
    delivered: int = 0
    arrived: int = 0
    """Broadcasts on the wire; those beyond `delivered` were duplicates that the client dropped."""
    drops: int = 0
    refreshes: int = 0
    returns: list[float] = field(default_factory=list)
    """Seconds until everybody was back, each time that all dropped at once."""
    lost: int = 0
    duplicates: int = 0
    """Broadcasts delivered twice to the application, which the client must prevent."""
    gaps: int = 0
    miscounted: list[str] = field(default_factory=list)
    server_mb: list[float] = field(default_factory=list)
    """The stack's memory while speakers talked, if known."""
    is_finished: bool = False
    """Participants are leaving: nothing counts any more."""

    @property
    def now(self) -> Second:
        """Return the counts of the current second."""
        return self.seconds[int(time.perf_counter() - self.started)]

    @property
    def is_good(self) -> bool:
        """Return whether nothing was lost or duplicated, counts are exact, no 5xx, and memory is
        flat."""
        return not (
            self.lost or self.duplicates or self.miscounted or self._failures() or self.grows
        )

    @property
    def grows(self) -> bool:
        """Return whether the stack's memory grew, if the run was long enough to tell."""
        middle, last = self._thirds()
        return len(self.server_mb) >= JUDGED and last > middle * FLAT

    def record_latency(self, kind: str, since: float) -> None:
        """Record the time since `since` for a kind of operation."""
        if self.is_finished:
            return
        milliseconds = (time.perf_counter() - since) * 1000
        self.latencies[kind].append(milliseconds)
        if kind == "delivery":
            self.delivered += 1
            second = self.now
            second.deliveries += 1
            second.slowest = max(second.slowest, milliseconds)

    def record_error(self, status: int | None, code: str) -> None:
        """Record an error that a client received or raised."""
        if self.is_finished:
            return
        self.errors[f"{status} {code}" if status else code] += 1
        self.now.errors += 1

    def lines(self) -> list[str]:
        """Return the result, as a table and sentences in Markdown."""
        head = "| ms | " + " | ".join(f"p{each:g}" for each in PERCENTILES[:-1]) + " | most | of |"
        lines = [head, "|---" * (len(PERCENTILES) + 2) + "|"]
        for kind, values in self.latencies.items():
            cells = [f"{percentile(values, each):.0f}" for each in PERCENTILES]
            lines.append(f"| {kind} | {' | '.join(cells)} | {len(values):,} |")
        return [
            *lines,
            "",
            f"- {self.broadcasts:,} broadcasts, {self.delivered:,} deliveries; lost {self.lost}, "
            f"reported as gaps {self.gaps}, delivered twice {self.duplicates}, twice on the wire "
            f"{max(self.arrived - self.delivered, 0):,}",
            f"- {self.drops:,} drops, {self.refreshes:,} refreshes; errors: {self._wrong()}",
            f"- counts: {'; '.join(self.miscounted) or 'exact'}",
            *(f"- all dropped at once, and were back within {each:.1f} s" for each in self.returns),
            *([self._memory()] if self.server_mb else []),
        ]

    def reports(self, title: str) -> list[Report]:
        """Return the result for `bench/results.md`: latencies, and figures that must be 0."""
        times = Report(title, "Milliseconds, measured by the clients.")
        for kind, values in self.latencies.items():
            figures = {f"p{each:g}": percentile(values, each) for each in PERCENTILES}
            row = {name: (value,) * 3 for name, value in figures.items()}
            times.rows.append(Row(kind, row | {"of": (float(len(values)),) * 3}))
        counted = {
            "broadcasts": self.broadcasts,
            "deliveries": self.delivered,
            "drops": self.drops,
            "refreshes": self.refreshes,
            "twice on the wire": max(self.arrived - self.delivered, 0),
            "errors under 500": sum(self.errors.values()) - self._failures(),
        }
        what = Report("Result", f"Errors: {self._wrong()}.")
        what.rows = [Row("in all", {name: (float(each),) * 3 for name, each in counted.items()})]
        what.require_at_most("lost", self.lost, 0)
        what.require_at_most("delivered twice", self.duplicates, 0)
        what.require_at_most("sessions with a wrong count", len(self.miscounted), 0)
        what.require_at_most("5xx", self._failures(), 0)
        if self.server_mb:
            middle, last = self._thirds()
            what.require_at_most(
                "the stack's memory, ratio of its last third to its middle", last / middle, FLAT
            )
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
        """Return the medians of the memory's middle and last third, in MB."""
        third = len(self.server_mb) // 3
        middle, last = self.server_mb[third : 2 * third], self.server_mb[2 * third :]
        return percentile(middle, 50), percentile(last, 50)


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the value that this percentage does not exceed; 0 without values."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * percent / 100), len(ordered) - 1)] if ordered else 0.0

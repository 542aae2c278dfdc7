"""The run as a picture: connections, deliveries, latency and errors over time."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from bench.load.score import Score, Second


def save(score: Score, title: str, file: Path) -> None:
    """Write a PNG."""
    end = max(score.seconds, default=0)
    seconds = [score.seconds.get(number, Second()) for number in range(end)]
    figure = Figure(figsize=(9, 10), layout="constrained")
    axes = figure.subplots(4, 1, sharex=True)
    figure.suptitle(title)
    _line(axes[0], "listeners connected", [each.open or None for each in seconds])
    _line(axes[1], "deliveries a second", [each.deliveries for each in seconds])
    _line(axes[2], "slowest delivery, ms", [each.slowest or None for each in seconds], ".")
    axes[2].set_yscale("log")
    _line(axes[3], "drops", [each.drops for each in seconds])
    _line(axes[3], "errors", [each.errors for each in seconds])
    axes[3].set_ylabel("drops, errors")
    axes[3].legend()
    memory = [each.server_mb or float("nan") for each in seconds]
    if any(each.server_mb for each in seconds):
        beside = axes[0].twinx()
        beside.plot(memory, color="tab:gray", linestyle="dotted")
        beside.set_ylim(bottom=0)
        beside.set_ylabel("the stack's MB (dotted)")
    for axis in axes[:2]:
        axis.set_ylim(bottom=0)
    axes[-1].set_xlabel("seconds")
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=110)


def _line(axis: Any, label: str, values: Sequence[float | None], style: str = "-") -> None:
    axis.plot([float("nan") if value is None else value for value in values], style, label=label)
    axis.set_ylabel(label)
    axis.grid(alpha=0.3)

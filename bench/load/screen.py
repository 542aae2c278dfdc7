"""The live display of a run: a table, or a line now and then if there is no terminal."""

import asyncio
import time

from rich.console import Console
from rich.live import Live
from rich.table import Table

from bench.load.run import Run
from bench.load.score import percentile

_EVERY = 0.5
_LINE_EVERY = 10.0


async def show(run: Run, console: Console) -> None:
    """Show a run until it is cancelled."""
    if not console.is_terminal:
        while True:
            await asyncio.sleep(_LINE_EVERY)
            console.print(_line(run), highlight=False, soft_wrap=True)
    with Live(console=console, auto_refresh=False) as live:
        while True:
            live.update(_table(run), refresh=True)
            await asyncio.sleep(_EVERY)


def _figures(run: Run) -> dict[str, str]:
    score = run.score
    recent = score.latencies["delivery"][-1000:]
    last = score.seconds.get(int(time.perf_counter() - score.started) - 1)
    return {
        "time": f"{time.perf_counter() - score.started:.0f} s, {run.phase}",
        "listeners": f"{run.open():,} of {run.plan.listeners:,}",
        "broadcasts": f"{score.broadcasts:,}",
        "deliveries": f"{score.delivered:,}, {last.deliveries if last else 0:,} a second",
        "delivery": f"p50 {percentile(recent, 50):.0f} ms, p99 {percentile(recent, 99):.0f} ms",
        "drops, refreshes": f"{score.drops:,}, {score.refreshes:,}",
        "errors": f"{score.errors.total():,}",
        "missing": f"{sum(each.missing() for each in run.listeners):,}",
    }


def _table(run: Run) -> Table:
    table = Table(title=run.plan.url, show_header=False)
    for name, value in _figures(run).items():
        table.add_row(name, value)
    return table


def _line(run: Run) -> str:
    return "; ".join(f"{name} {value}" for name, value in _figures(run).items())

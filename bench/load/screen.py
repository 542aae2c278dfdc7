"""The progress of a run: a line now and then."""

import asyncio
import time

from bench.load.run import Run
from bench.load.score import percentile

_EVERY = 10.0


async def show(run: Run) -> None:
    """Print the figures of a run every ten seconds, until it is cancelled."""
    while True:
        await asyncio.sleep(_EVERY)
        print(_line(run), flush=True)


def _line(run: Run) -> str:
    score = run.score
    recent = score.latencies["delivery"][-1000:]
    missing = sum(each.missing() for each in run.listeners)
    return (
        f"{time.perf_counter() - score.started:.0f} s, {run.phase}; "
        f"{run.open():,} of {run.plan.listeners:,} listeners; "
        f"{score.broadcasts:,} broadcasts, {score.delivered:,} deliveries, "
        f"p50 {percentile(recent, 50):.0f} ms, p99 {percentile(recent, 99):.0f} ms; "
        f"{score.drops:,} drops, {score.refreshes:,} refreshes; "
        f"{score.errors.total():,} errors, {missing:,} missing"
    )

"""Fifty broadcasts to a full room over the sandbox's gateway, to the last listener's socket.

The whole sandbox in one process, a speaker and all listeners on real sockets in another.
"""

import json
import os
import subprocess
import sys
from functools import partial

from bench.harness import ROOT, Figures, Report, interleaved

_SIZES = (150, 1000)
_BROADCASTS = 50
_SECONDS = 600


def main(rounds: int = 3) -> list[Report]:
    """One table; minutes a round."""
    report = Report(
        "Fifty broadcasts to a full room, in the sandbox",
        "As fast as the speaker has its acknowledgements. `missing` counts what a listener never "
        "got without asking for it, `twice` what came more than once.",
    )
    report.rows = interleaved(
        {f"{size:,} listeners": partial(fill, size, _BROADCASTS) for size in _SIZES}, rounds
    )
    report.demand("missing of 50,000", report.median("1,000 listeners", "missing"), 0)
    return [report]


def fill(listeners: int, broadcasts: int) -> Figures:
    """One run: so many listeners, so many broadcasts. Raises CalledProcessError."""
    pipe = subprocess.PIPE
    environ = os.environ | {"MAX_LISTENERS_PER_SESSION": str(listeners)}
    command = [sys.executable, "-m", "bench.gateways.lectern"]
    with subprocess.Popen(
        command, cwd=ROOT, env=environ, stdin=pipe, stdout=pipe, text=True
    ) as server:
        try:
            assert server.stdout is not None
            where = server.stdout.readline().split()
            load = [sys.executable, "-m", "bench.gateways.room_load", *where, str(server.pid)]
            done = subprocess.run(
                [*load, str(listeners), str(broadcasts)],
                cwd=ROOT,
                stdout=pipe,
                check=True,
                timeout=_SECONDS,
            )
        finally:
            server.kill()
    figures: Figures = json.loads(done.stdout)
    return figures

"""The whole sandbox: what is left of its data plane with Lectern's own handlers, on moto.

Compare `bench/sandbox.py`: there handlers cost nothing. Here each does its work, with its calls of
DynamoDB and SQS to a server in the same process, as `make run` has it. All share one core.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from bench.harness import ROOT, Figures, Report, Row, interleaved, peak_of

_SERVER = [sys.executable, "-m", "bench.gateways.lectern"]
_SHARE = "% of the CPU"


def main(rounds: int = 3) -> list[Report]:
    """Two tables: what it carries, and where its CPU goes."""
    carried = Report(
        "The whole sandbox, with Lectern's handlers on moto",
        "200 clients. A disconnect is done when the speaker's count is without it; a heartbeat is "
        "one read and one route response, a join a handshake with `action=joinSession`.",
    )
    carried.rows = interleaved({"Lectern's sandbox": _load}, min(rounds, 3))
    spent = Report(
        "Where its CPU goes",
        "The same load once, under cProfile, in all threads: shares, not times. What is built in "
        "counts where it was called.",
    )
    spent.rows = [Row(place, {_SHARE: (share,) * 3}) for place, share in _shares()]
    return [carried, spent]


def _load() -> Figures:
    with _running() as server:
        return _loaded(server) | {"MB": peak_of(server.pid)}


def _shares() -> list[tuple[str, float]]:
    with _running("profile") as server:
        _loaded(server)
        said, _ = server.communicate(timeout=60)
        shares: dict[str, float] = json.loads(said)
        return sorted(shares.items(), key=lambda each: -each[1])


@contextmanager
def _running(*arguments: str) -> Iterator["subprocess.Popen[str]"]:
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [*_SERVER, *arguments], cwd=ROOT, stdin=pipe, stdout=pipe, text=True
    ) as server:
        try:
            yield server
            if server.stdin:
                server.stdin.close()
        except BaseException:
            server.kill()
            raise


def _loaded(server: "subprocess.Popen[str]") -> dict[str, float]:
    assert server.stdout is not None
    load = [sys.executable, "-m", "bench.gateways.lectern_load", *server.stdout.readline().split()]
    done = subprocess.run(load, cwd=ROOT, stdout=subprocess.PIPE, check=True, timeout=120)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures

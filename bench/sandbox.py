"""The sandbox's data plane: how many sockets and messages it carries when handlers cost nothing.

One echo app, three gateways: the sandbox's, serverless-offline in its fastest mode (JavaScript
handlers in its own process), and aiohttp without anything of AWS as the limit. The load comes from
`bench/gateways/load.py`, the same for all.
"""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from bench.harness import HERE, ROOT, Figures, Report, interleaved, peak_of
from tools.local_stack import free_port

_OURS = "Lectern's sandbox"
_PEER = "serverless-offline 14.8, in process"
_LIMIT = "limit: bare aiohttp"
_LEAST = {
    "connections/s": 3000,
    "echoes/s": 5000,
    "posted echoes/s": 2500,
}
_MOST = {"fan-out to 100, ms": 15, "disconnects unhandled": 0}
_PATIENCE = 60.0
_NODE = HERE / "serverless"


@dataclass(frozen=True)
class _Running:
    """A gateway that accepts connections: its port, the path of its socket, its process."""

    port: int
    path: str
    process: int


def main(rounds: int = 3) -> list[Report]:
    """One table."""
    report = Report(
        "The data plane of the sandbox, with an echo app",
        "200 clients; `cold` are the first 200 connections of a process. An echo is the route "
        "response; a posted echo comes back over HTTP, by the management API. MB is the peak.",
    )
    candidates: dict[str, Callable[[], Figures]] = {_OURS: partial(_load, _python("echo"))}
    if shutil.which("npm"):
        _install()
        candidates[_PEER] = partial(_load, _serverless)
    candidates[_LIMIT] = partial(_load, _python("bare"))
    report.rows = interleaved(candidates, min(rounds, 3))
    for figure, least in _LEAST.items():
        report.demand_at_least(figure, report.median(_OURS, figure), least)
    for figure, most in _MOST.items():
        report.demand(figure, report.median(_OURS, figure), most)
    if _PEER in candidates:
        _demand_better(report)
    return [report]


def _demand_better(report: Report) -> None:
    """No figure may be worse than the peer's: more of what is a second, less of all else."""
    for figure in report.rows[0].figures:
        ours, theirs = report.median(_OURS, figure), report.median(_PEER, figure)
        if figure.endswith("/s") or figure.endswith("/s, cold"):
            report.demand_at_least(f"{figure}, against serverless-offline", ours, theirs)
        else:
            report.demand(f"{figure}, against serverless-offline", ours, theirs)


def _load(gateway: Callable[[], contextlib.AbstractContextManager[_Running]]) -> Figures:
    with gateway() as running:
        done = subprocess.run(
            [sys.executable, "-m", "bench.gateways.load", str(running.port), running.path],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            check=True,
            timeout=2 * _PATIENCE,
        )
        figures: dict[str, float] = json.loads(done.stdout)
        return figures | {"MB": peak_of(running.process)}


def _python(name: str) -> Callable[[], contextlib.AbstractContextManager[_Running]]:
    @contextlib.contextmanager
    def run() -> Iterator[_Running]:
        command = [sys.executable, "-m", f"bench.gateways.{name}"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with subprocess.Popen(command, cwd=ROOT, **pipes) as process:  # type: ignore[call-overload]
            yield _Running(int(process.stdout.readline()), "/local", process.pid)
            process.stdin.close()

    return run


@contextlib.contextmanager
def _serverless() -> Iterator[_Running]:
    ports = [free_port() for _ in range(3)]
    options = ("--websocketPort", "--httpPort", "--lambdaPort")
    ports_given = [text for pair in zip(options, map(str, ports), strict=True) for text in pair]
    command = ["node", str(_NODE / "node_modules/osls/bin/serverless.js"), "offline", *ports_given]
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "MANAGEMENT_URL": f"http://127.0.0.1:{ports[0]}",
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
    }
    silent = subprocess.DEVNULL
    with subprocess.Popen(command, cwd=_NODE, env=environ, stdout=silent, stderr=silent) as process:
        try:
            _wait_for(ports[0])
            yield _Running(ports[0], "/", process.pid)
        finally:
            process.kill()


def _install() -> None:
    if not (_NODE / "node_modules").exists():
        command = ["npm", "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"]
        subprocess.run(command, cwd=_NODE, check=True)


def _wait_for(port: int) -> None:
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)

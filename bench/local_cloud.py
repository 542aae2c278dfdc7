"""`chalice local` beside the local cloud: what it costs to run what is deployed.

In one process the handlers are called; in the local cloud each instance is a process of its own
behind a Runtime API, its calls of DynamoDB pass an endpoint and IAM, and Terraform has made it all.
"""

import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from bench.harness import ROOT, Figures, Report, interleaved
from localcloud.deploy.commands import deploy
from localcloud.deploy.process import stop
from localcloud.deploy.workspace import Workspace
from tools.local_stack import local_stack

_PATIENCE = 120.0
Stack = tuple[int, str]
"""The port of a stack, and the path of its socket."""


def main(rounds: int = 3) -> list[Report]:
    """One table."""
    report = Report(
        "`chalice local` and the local cloud",
        "20 clients. `start` is from nothing to a stack that answers: a process, or package, "
        "account and `terraform apply`. `cold` are the first connections: they start instances.",
    )
    candidates: dict[str, Callable[[], Figures]] = {
        "chalice local": lambda: _measured(_chalice_local),
        "local cloud": lambda: _measured(_local_cloud),
    }
    report.rows = interleaved(candidates, rounds)
    return [report]


def _measured(run: Callable[[], contextlib.AbstractContextManager[Stack]]) -> Figures:
    started = time.perf_counter()
    with run() as (port, path):
        start = time.perf_counter() - started
        load = [sys.executable, "-m", "bench.gateways.few_load", str(port), path]
        done = subprocess.run(load, cwd=ROOT, stdout=subprocess.PIPE, check=True, timeout=_PATIENCE)
        figures: dict[str, float] = json.loads(done.stdout)
        return {"start, s": start, **figures}


@contextmanager
def _chalice_local() -> Iterator[Stack]:
    with local_stack() as started:
        yield started.port, "/local"


@contextmanager
def _local_cloud() -> Iterator[Stack]:
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder), "dev")
        try:
            with contextlib.redirect_stdout(sys.stderr):
                url = urlsplit(deploy(workspace, port=0, api_port=0, show=False))
            yield url.port or 0, url.path
        finally:
            stop(workspace)

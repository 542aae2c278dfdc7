"""`chalice local --stage local` on free ports, for benchmarks, load runs and tests."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO
from urllib.request import urlopen

from tools.package import ROOT

_PATIENCE = 120.0
_END = 20.0


@dataclass(frozen=True)
class LocalStack:
    """A running stack: the port of its sockets and of the sandbox's endpoints, the port of its
    operator API, and its process id."""

    port: int
    operator_port: int
    process: int


@contextmanager
def local_stack(**environ: str) -> Iterator[LocalStack]:
    """Start a stack with these environment variables and yield it once it responds.

    Raises RuntimeError with its output if it does not start within two minutes.
    """
    http, port = free_port(), free_port()
    chalice = str(Path(sys.executable).parent / "chalice")
    command = [chalice, "local", "--stage", "local", "--no-autoreload", "--port", str(http)]
    every = os.environ | {"LECTERN_PORT": str(port)} | environ
    with TemporaryFile("w+") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=every, stdout=log, stderr=log)
        try:
            _wait(process, port, log)
            yield LocalStack(port, http, process.pid)
        finally:
            process.terminate()
            try:
                process.wait(_END)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def free_port() -> int:
    """Return a port of 127.0.0.1 that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def _wait(process: "subprocess.Popen[bytes]", port: int, log: IO[str]) -> None:
    url, end = f"http://127.0.0.1:{port}/_sandbox/faults", time.monotonic() + _PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            urlopen(url, timeout=5).close()  # nosec B310 # our port
        except OSError:
            time.sleep(0.02)
        else:
            return
    log.seek(0)
    raise RuntimeError(f"the stack did not start:\n{log.read()[-4000:]}")

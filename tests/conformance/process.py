"""Starts a whole stack on this machine for a run of the suite, and stops it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO
from urllib.request import urlopen

from tests.conformance.stack import Sandbox, Stack

ROOT = Path(__file__).parents[2]
_PATIENCE = 60.0


@contextmanager
def local_stack(**settings: str) -> Iterator[Stack]:
    """`chalice local --stage local` on ports of its own, with settings by their variables."""
    http, ws = _free_port(), _free_port()
    chalice = str(Path(sys.executable).parent / "chalice")
    command = [chalice, "local", "--stage", "local", "--no-autoreload", "--port", str(http)]
    environ = os.environ | {"LECTERN_PORT": str(ws)} | settings
    with TemporaryFile("w+") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=log, stderr=log)
        try:
            _wait(process, ws, log)
            yield Stack(f"ws://127.0.0.1:{ws}/local", Sandbox(f"http://127.0.0.1:{ws}"))
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(process: "subprocess.Popen[bytes]", port: int, log: IO[str]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urlopen(f"http://127.0.0.1:{port}/_sandbox/state", timeout=5).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    log.seek(0)
    raise RuntimeError(f"the stack did not start:\n{log.read()[-4000:]}")

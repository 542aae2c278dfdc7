"""A DynamoDB that is not moto: dynoxide, a small open-source server on SQLite. Its authors compare
it with AWS in a public suite (https://paritysuite.org).

npm installs it: `npm ci --prefix tools/dynoxide`, which `make test` runs where there is npm. The
only binary in the lock file is for Linux on x86-64.
"""

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tools.local_stack import free_port

BINARY = Path(__file__).parent / "node_modules" / "@dynoxide" / "linux-x64" / "dynoxide"
_TRIES = 5
_PATIENCE = 30.0
"""Seconds to wait; it starts within a few milliseconds."""


def is_installed() -> bool:
    return BINARY.is_file()


@contextmanager
def running() -> Iterator[str]:
    """Start an empty one in memory, on a free port of 127.0.0.1, and yield its URL.

    Raises OSError if it does not start.
    """
    process, port = _start()
    with process:
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _start() -> "tuple[subprocess.Popen[bytes], int]":
    """Start it, on another port if something else takes the first: a test beside this one may."""
    for _ in range(_TRIES):
        port = free_port()
        with tempfile.TemporaryFile() as log:
            process = subprocess.Popen(
                [BINARY, "serve", "--port", str(port)], stdout=subprocess.DEVNULL, stderr=log
            )
            if _listens(process, log):
                return process, port
        process.kill()
        process.wait()
    raise OSError(f"{BINARY} did not start")


def _listens(process: "subprocess.Popen[bytes]", log: IO[bytes]) -> bool:
    """Wait for its own word: whatever else listens on the port would be connected to as well."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and process.poll() is None:
        if b"listening on" in os.pread(log.fileno(), 4096, 0):
            return True
        time.sleep(0.005)
    return False

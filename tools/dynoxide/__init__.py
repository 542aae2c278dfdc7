"""A DynamoDB that is not moto: dynoxide, a small open-source server on SQLite. Its authors compare
it with AWS in a public suite (https://paritysuite.org).

npm installs it: `npm ci --prefix tools/dynoxide`, which `make test` runs where there is npm. The
only binary in the lock file is for Linux on x86-64.
"""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.local_stack import free_port

BINARY = Path(__file__).parent / "node_modules" / "@dynoxide" / "linux-x64" / "dynoxide"
_PATIENCE = 30.0
"""Seconds to wait; it starts within a few milliseconds."""


def is_installed() -> bool:
    return BINARY.is_file()


@contextmanager
def running() -> Iterator[str]:
    """Start an empty one in memory, on a free port of 127.0.0.1, and yield its URL.

    Raises OSError if it does not start.
    """
    port = free_port()
    with subprocess.Popen(
        [BINARY, "serve", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            _wait(process, port)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _wait(process: "subprocess.Popen[bytes]", port: int) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except ConnectionRefusedError:
            time.sleep(0.005)
        else:
            return
    raise OSError(f"{BINARY} did not start")

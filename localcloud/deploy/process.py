"""Start the account's process in the background, and stop it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from localcloud.deploy.workspace import Address, Workspace

ROOT = Path(__file__).parents[2]
TIMEOUT = 60.0
"""Seconds for the process to start, and to stop."""
MAX_LOG_CHARACTERS = 2_000
"""Of the log, shown if the process does not start."""

_STARTED: dict[int, "subprocess.Popen[bytes]"] = {}
"""Processes that this one has started, by id; they outlive it."""


class CloudError(Exception):
    """A command failed; the text says why and what to do."""


def start(workspace: Workspace, port: int, api_port: int) -> Address:
    """Start an empty account and return its address. Raises CloudError."""
    workspace.address.unlink(missing_ok=True)
    command = [sys.executable, "-m", "localcloud", "serve", "--folder", str(workspace.folder)]
    command += ["--stage", workspace.stage, "--port", str(port), "--api-port", str(api_port)]
    with workspace.log.open("ab") as log:
        process = subprocess.Popen(  # noqa: S603 - this Python
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    _STARTED[process.pid] = process
    end = time.monotonic() + TIMEOUT
    while not workspace.address.exists():
        if process.poll() is not None or time.monotonic() > end:
            raise CloudError(
                f"The account did not start:\n{workspace.log.read_text()[-MAX_LOG_CHARACTERS:]}"
            )
        time.sleep(0.05)
    address = workspace.running()
    if address is None:
        raise CloudError(f"The account has stopped; see {workspace.log}")
    return address


def stop(workspace: Workspace) -> None:
    """Stop the account's process if it is running; everything in the account is lost."""
    address = workspace.running()
    if address is None:
        return
    os.kill(address.pid, signal.SIGTERM)
    end = time.monotonic() + TIMEOUT
    while _exists(address.pid):
        if time.monotonic() > end:
            os.kill(address.pid, signal.SIGKILL)
            return
        time.sleep(0.05)


def _exists(pid: int) -> bool:
    if pid in _STARTED:
        return _STARTED[pid].poll() is None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True

"""Starts the account's process in the background, and ends it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from localcloud.deploy.workspace import Address, Workspace

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
"""Seconds for it to start, and to end."""
MUCH = 2_000
"""Characters of the log that are shown when it does not start."""

_STARTED: dict[int, "subprocess.Popen[bytes]"] = {}
"""Those that this process has started: they go on when it ends."""


class CloudError(Exception):
    """Something cannot be done; the text says what, and what to do."""


def start(workspace: Workspace, port: int, api_port: int) -> Address:
    """Starts an empty account; answers its address. Raises CloudError."""
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
    end = time.monotonic() + PATIENCE
    while not workspace.address.exists():
        if process.poll() is not None or time.monotonic() > end:
            raise CloudError(f"The account does not start:\n{workspace.log.read_text()[-MUCH:]}")
        time.sleep(0.05)
    address = workspace.running()
    if address is None:
        raise CloudError(f"The account has ended; see {workspace.log}")
    return address


def stop(workspace: Workspace) -> None:
    """Ends the account's process, if it runs; all that was in it is gone."""
    address = workspace.running()
    if address is None:
        return
    os.kill(address.pid, signal.SIGTERM)
    end = time.monotonic() + PATIENCE
    while _there(address.pid):
        if time.monotonic() > end:
            os.kill(address.pid, signal.SIGKILL)
            return
        time.sleep(0.05)


def _there(pid: int) -> bool:
    if pid in _STARTED:
        return _STARTED[pid].poll() is None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True

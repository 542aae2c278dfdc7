"""The account's process."""

import os
import signal
import socket
import sys
import threading

from localcloud.account import Account
from localcloud.deploy.workspace import Address, Workspace


def serve(workspace: Workspace, port: int, api_port: int) -> None:
    """Run an empty account until SIGTERM or SIGINT. Raises PhysicsError."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    sock = socket.create_server(("127.0.0.1", port), backlog=1024)
    account = Account(sock, api_port=api_port, write=_print)
    account.physics.start_by(os.environ)
    account.start()
    workspace.write_address(
        Address(
            pid=os.getpid(),
            api_url=account.api_url,
            port=account.port,
            access_key_id=account.context.access_key_id,
            secret_access_key=account.context.secret_access_key,
        )
    )
    stopping.wait()
    workspace.address.unlink(missing_ok=True)
    account.stop()


def _print(group: str, line: str) -> None:
    print(f"{group} {line}", file=sys.stdout, flush=True)

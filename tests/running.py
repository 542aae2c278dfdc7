"""The whole stack in this process: the real app in a sandbox of its own."""

import socket
import sys
from typing import Any

import urllib3

from app import app
from sandbox.startup.install import install
from sandbox.startup.stack import Sandbox

PATIENCE = 20.0
"""Seconds after which something that must happen counts as not happening."""


class Lectern:
    """A running stack on a free port, as AWS is. `sandbox` has its clock and its faults."""

    def __init__(self, settings: dict[str, str]) -> None:
        self.environ = {"LOG_LEVEL": "WARNING", "LECTERN_STRICT": "1", **settings}
        self.lines: list[str] = []
        self.sandbox = Sandbox(
            app,
            socket.create_server(("127.0.0.1", 0), backlog=1024),
            install=install,
            environ=self.environ,
            write=self._write,
        )
        self.sandbox.start()
        self._http = urllib3.HTTPConnectionPool("127.0.0.1", self.sandbox.port, retries=False)

    def _write(self, line: str) -> None:
        self.lines.append(line)
        if '"level":"ERROR"' in line:
            sys.stderr.write(line + "\n")  # pytest shows it with a test that fails

    @property
    def url(self) -> str:
        """Return the URL for sockets."""
        return f"ws://127.0.0.1:{self.sandbox.port}/local"

    def token(self, sub: str = "anna", tenant: str | None = None, ttl: int = 86_400) -> str:
        """Return a token that this stack accepts."""
        return self.sandbox.token(sub=sub, tenant=tenant, ttl=ttl)

    def call(self, method: str, path: str, **options: Any) -> Any:
        """Return the JSON body of an HTTP response, of `GET /_sandbox/state` for instance."""
        return self._http.request(method, path, timeout=PATIENCE, **options).json()

    def settle(self) -> None:
        """Wait until no handler runs and nothing is due."""
        self.sandbox.advance(0)

    def close(self) -> None:
        """Stop the stack."""
        self._http.close()
        self.sandbox.stop()

"""The operator API as `chalice local` serves it, on a free port of this process."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPMessage
from typing import Any

import urllib3
from chalice.config import Config
from chalice.local import ChaliceRequestHandler, LocalDevServer, create_local_server

from app import app
from sandbox.startup.local_api import correct_local_server
from tests.running import PATIENCE

_TIMEOUT_SECONDS = 30
Run = Callable[..., tuple[int, str, str]]
"""A function that runs the tool: arguments in; exit code, stdout and stderr out."""


@dataclass(frozen=True)
class Reply:
    """An HTTP response."""

    status: int
    headers: HTTPMessage | dict[str, str]
    body: Any


class Api:
    """A server of the current stack of this process."""

    def __init__(self) -> None:
        config = Config.create(lambda_timeout=_TIMEOUT_SECONDS)
        self.requests: list[str] = []
        """The requests so far, such as `GET /v1/sessions`."""
        ChaliceRequestHandler.log_message = self._note
        correct_local_server()  # as `sandbox.startup.launch` does
        self._server: LocalDevServer = create_local_server(app, config, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.server.serve_forever, daemon=True)
        self._thread.start()
        self._http = urllib3.PoolManager(retries=False)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        """Send one request; `body` is sent as JSON, bytes unchanged."""
        sent = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        named = {"Content-Type": "application/json"} if sent is not None else {}
        named |= {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self._http.request(
            method, self.url + path, body=sent, headers=named, timeout=PATIENCE
        )
        return Reply(answer.status, dict(answer.headers), json.loads(answer.data))

    def get(self, path: str) -> Any:
        """Return the body of a response that must have status 200."""
        reply = self.ask("GET", path)
        assert reply.status == 200, reply
        return reply.body

    def close(self) -> None:
        """Stop the server."""
        self._http.clear()
        self._server.shutdown()
        self._server.server.server_close()
        self._thread.join()

    def _note(self, _form: str, line: object, *_: object) -> None:
        """Replace the handler's own log, which writes a line for each request."""
        self.requests.append(str(line).removesuffix(" HTTP/1.1"))

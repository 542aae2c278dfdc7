"""A stack for the commands of the pages: its addresses, participants and a shell."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import jwt
from websockets.sync.client import ClientConnection, connect

from chalicelib.settings import Settings
from tests.docs.blocks import ROOT
from tests.running import PATIENCE
from tools.local_stack import LocalStack

SECRET = "a secret of these tests' own, of 32 characters or more"
_STRICT = ["bash", "-euo", "pipefail", "-c"]
_SECONDS = 100
_JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Running:
    """A stack whose tokens are signed with `SECRET`."""

    stack: LocalStack

    @property
    def operator(self) -> str:
        """Return the URL of its operator API."""
        return f"http://127.0.0.1:{self.stack.operator_port}"

    @property
    def url(self) -> str:
        """Return the URL that sockets connect to."""
        return f"ws://127.0.0.1:{self.stack.port}/local"

    def localized(self, text: str, session_id: str = "golden-eagle-427") -> str:
        """Return a page's text with the addresses of this stack, this session and this Python."""
        return (
            text.replace("127.0.0.1:8001", f"127.0.0.1:{self.stack.port}")
            .replace("http://127.0.0.1:8000", self.operator)
            .replace("golden-eagle-427", session_id)
            .replace(".venv/bin/python", sys.executable)
        )

    def settle(self) -> None:
        """Wait until every session has ended, also those of speakers that only disconnected."""
        advance = json.dumps({"advance": 2 * Settings().speaker_grace_seconds}).encode()
        end = time.monotonic() + _SECONDS
        while any(each.get("isActive") for each in self._sandbox("state")["sessions"]):
            assert time.monotonic() < end, "a speaker's socket is still open"
            self._sandbox("clock", advance)

    def _sandbox(self, what: str, body: bytes | None = None) -> Any:
        url = f"http://127.0.0.1:{self.stack.port}/_sandbox/{what}"
        with urlopen(Request(url, body, _JSON), timeout=_SECONDS) as answer:
            return json.load(answer)

    @contextmanager
    def speaker(self, token: str = "") -> Iterator[str]:
        """Create a session with its speaker's socket open; yield its id."""
        query = {"role": "speaker", "action": "createSession", "sourceLanguage": "en"}
        with self._open(token=token or signed("anna"), **query) as socket:
            yield json.loads(socket.recv(PATIENCE))["sessionId"]

    @contextmanager
    def listener(self, session_id: str, language: str, user: str | None) -> Iterator[None]:
        """Join a session as a listener, anonymous if there is no user."""
        query = {"action": "joinSession", "sessionId": session_id, "targetLanguage": language}
        with self._open(**query, **({"token": signed(user)} if user else {})) as socket:
            assert json.loads(socket.recv(PATIENCE))["type"] == "sessionJoined"
            yield

    def _open(self, **query: str) -> ClientConnection:
        return connect(f"{self.url}?{urlencode(query)}")


def signed(user: str) -> str:
    """Return a token like that of most issuers."""
    now = int(time.time())
    return jwt.encode({"sub": user, "iat": now, "exp": now + 3600}, SECRET, "HS256")


def shell(text: str, directory: Path = ROOT, **environ: str) -> str:
    """Run a block, which must succeed, and return its output."""
    done = subprocess.run(
        [*_STRICT, text],
        cwd=directory,
        env=os.environ | environ,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class Wscat:
    """A block that ends in `npx wscat`, running as in a terminal until the `with` ends."""

    def __init__(self, block: str, directory: Path) -> None:
        self._process = subprocess.Popen(
            [*_STRICT, block], cwd=directory, stdin=PIPE, stdout=PIPE, text=True
        )

    def __enter__(self) -> "Wscat":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.communicate(timeout=_SECONDS)

    def send(self, frame: str) -> None:
        """Type a line."""
        assert self._process.stdin
        self._process.stdin.write(f"{frame}\n")
        self._process.stdin.flush()

    def receive(self) -> Any:
        """Return the next message that it shows."""
        assert self._process.stdout
        for line in self._process.stdout:
            if found := re.search(r"\{.*\}", line):
                return json.loads(found[0])
        raise AssertionError("wscat has ended")

"""The tool with a deployed API: how it signs, and what it prints when access is denied."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from sandbox.http.signature import Credentials, SignatureError, SignedRequest, verify
from tests.operator.serving import Run

KEYS = Credentials("AKIDOPERATOR00000000", "an-operators-secret-key")


class _Signed(BaseHTTPRequestHandler):
    """API Gateway's part: a wrong signature gets 403, a valid one a response."""

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            verify(SignedRequest("GET", path, query, headers, b""), KEYS, "execute-api")
            status, answer = 200, {"sessions": [], "seen": path}
        except SignatureError as problem:
            status, answer = 403, {"message": str(problem)}
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Serve an API that checks signatures; yield its URL, with a stage as in a local cloud."""
    server = HTTPServer(("127.0.0.1", 0), _Signed)
    Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEYS.access_key_id)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    yield f"http://127.0.0.1:{server.server_address[1]}/dev"
    server.shutdown()
    server.server_close()


def test_a_request_to_aws_is_signed(
    gateway: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEYS.secret_access_key)
    where = ("--url", gateway, "--region", "eu-central-1")

    code, output, errors = run(*where, "sessions", "--tenant", "a/b |ü")

    assert (code, output) == (0, "no sessions\n"), errors


def test_a_caller_without_permission_is_told_which_one_is_missing(
    gateway: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another-key")

    code, _, errors = run("--url", gateway, "--region", "eu-central-1", "sessions")

    assert code == 4
    assert "execute-api:Invoke" in errors


def test_without_credentials_nothing_is_sent(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for variable in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(variable, str(tmp_path / "none"))
    url = "https://abc.execute-api.eu-central-1.amazonaws.com/dev"

    code, _, errors = run("--url", url, "health")

    assert code == 4
    assert "aws sso login" in errors

"""A key set is fetched from where the settings say, within limits, or not at all."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import create_server

import pytest

from chalicelib.identity import https
from tests.chalicelib.aws.certificates import Authority

LIMIT = 256 * 1024


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        name, _, argument = self.path.strip("/").partition("?")
        status = int(name) if name.isdigit() else 200
        body = b"x" * int(argument or 0) if name == "sized" else self.path.encode()
        self.send_response(status)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Log nothing."""


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http{'s' if context else ''}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize("path", ["", "/", "/keys.json", "/keys?version=2", "/200"])
def test_the_body_of_the_path_is_returned(path: str) -> None:
    with serving() as url:
        assert https.fetch(url + path) == (path or "/").encode()


@pytest.mark.parametrize("status", [201, 204, 301, 302, 307, 404, 500])
def test_any_status_but_200_is_a_failure_and_no_redirect_is_followed(status: int) -> None:
    with serving() as url, pytest.raises(OSError, match=f"status {status}"):
        https.fetch(f"{url}/{status}")


def test_a_response_may_have_at_most_256_kilobytes() -> None:
    with serving() as url:
        assert len(https.fetch(f"{url}/sized?{LIMIT}")) == LIMIT
        with pytest.raises(OSError, match="bytes"):
            https.fetch(f"{url}/sized?{LIMIT + 1}")


@pytest.mark.parametrize(
    "url",
    ["https://127.0.0.1:1/", "https://", "https://a b/", "https://127.0.0.1:port/", "https://[/"],
)
def test_an_address_without_a_server_is_a_failure(url: str) -> None:
    with pytest.raises(OSError):  # noqa: PT011 - each system has its own text
        https.fetch(url)


def test_something_that_does_not_speak_http_is_a_failure() -> None:
    with create_server(("127.0.0.1", 0)) as server:

        def answer_nonsense() -> None:
            client, _ = server.accept()
            with client:
                client.recv(4096)
                client.sendall(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")

        thread = threading.Thread(target=answer_nonsense)
        thread.start()
        with pytest.raises(OSError, match="no HTTP response"):
            https.fetch(f"http://127.0.0.1:{server.getsockname()[1]}/")
        thread.join()


def test_an_untrusted_certificate_is_refused(tmp_path: Path) -> None:
    context = Authority(tmp_path).server("127.0.0.1")

    with serving(context) as url, pytest.raises(ssl.SSLCertVerificationError):
        https.fetch(url)

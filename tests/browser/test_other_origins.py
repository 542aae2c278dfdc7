"""A page of another site in the developer's browser gets nowhere with the stack."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.console import Console
from tests.running import Lectern

ATTACK = """async (base) => {
  const post = (path, text, type) => {
    const body = new Blob([text], type ? { type } : {});
    return fetch(`http://${base}${path}`, { mode: 'no-cors', method: 'POST', body });
  };
  await post('/_sandbox/clock', '{"advance": 3600}', 'text/plain');
  await post('/_sandbox/clock', '{"advance": 3600}');
  await post('/_sandbox/faults', '{"target":"dynamodb","fault":"error","rate":1}', 'text/plain');
  await post('/_sandbox/physics', '{"profile":"aws"}', 'text/plain');
  await post('/_sandbox/schedules/sweep_connections', '');
  const token = fetch(`http://${base}/_sandbox/token?sub=me`);
  const read = await token.then((response) => response.text(), () => 'unread');
  const socket = await new Promise((resolve) => {
    const opened = new WebSocket(`ws://${base}/local`);
    opened.onopen = () => resolve('open');
    opened.onerror = () => resolve('refused');
  });
  return { read, socket };
}"""


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>another site</title>")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Log nothing."""


@pytest.fixture
def other_site() -> Iterator[int]:
    """Serve a page; return the port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def _page(browser: Browser, url: str) -> Page:
    page = browser.new_page()
    page.goto(url)
    return page


def test_a_page_of_another_site_moves_reads_and_opens_nothing(
    lectern: Lectern, browser: Browser, other_site: int
) -> None:
    # Chromium resolves every name under `localhost` to this machine: its origin is another's.
    page = _page(browser, f"http://evil.localhost:{other_site}/")
    moved = lectern.sandbox.clock.moved

    got: dict[str, Any] = page.evaluate(ATTACK, f"127.0.0.1:{lectern.sandbox.port}")

    assert got == {"read": "unread", "socket": "refused"}
    assert lectern.sandbox.clock.moved == moved
    assert lectern.call("GET", "/_sandbox/faults") == []
    assert lectern.call("GET", "/_sandbox/physics")["dynamodb_ms"] == 0
    page.close()


def test_a_name_that_is_rebound_to_this_machine_gets_no_token(
    lectern: Lectern, browser: Browser
) -> None:
    page = _page(browser, f"http://rebound.localhost:{lectern.sandbox.port}/_sandbox/token?sub=me")

    said = page.inner_text("body")

    assert "is not of this machine" in said
    assert "token" not in said
    page.close()


@pytest.mark.parametrize("name", ["localhost", "[::1]", "127.0.0.1"])
def test_the_console_opens_by_every_name_of_this_machine(
    lectern: Lectern, browser: Browser, name: str
) -> None:
    console = Console(_page(browser, f"http://{name}:{lectern.sandbox.port}/"))

    console.start()
    console.add("es", 2)

    console.all_listen(2)
    console.say("Good morning")
    console.heard("es", "^Good morning")
    console.page.close()

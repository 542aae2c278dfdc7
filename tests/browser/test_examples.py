"""The example pages, as somebody opens them."""

import threading
import time
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page

from tests.running import PATIENCE, Lectern

STATE = "/_sandbox/state"
ROOT = Path(__file__).parents[2]


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Log nothing."""


@pytest.fixture
def pages() -> Iterator[str]:
    """The repository over HTTP, as `python -m http.server` serves it."""
    handler = partial(Quiet, directory=str(ROOT))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/examples"
        server.shutdown()


def opened(browser: Browser, address: str, /, **query: str) -> Page:
    page = browser.new_page()
    page.goto(f"{address}?{urlencode(query)}")
    return page


def shows(page: Page, selector: str, text: str) -> None:
    script = "([selector, text]) => document.querySelector(selector).innerText === text"
    page.wait_for_function(script, arg=[selector, text])


def wait_for_grace(lectern: Lectern) -> None:
    end = time.monotonic() + PATIENCE
    while not any("graceDeadline" in each for each in lectern.call("GET", STATE)["sessions"]):
        assert time.monotonic() < end, "the speaker's close has begun no grace period"
        time.sleep(0.05)


def test_what_the_speakers_page_says_the_listeners_page_shows(
    lectern: Lectern, browser: Browser, pages: str
) -> None:
    token = lectern.token()
    speaker = opened(browser, f"{pages}/speaker.html", url=lectern.url, token=token)
    shows(speaker, "#state", "open")
    session = speaker.inner_text("#session")
    listener = opened(browser, f"{pages}/listener.html", url=lectern.url, session=session)
    shows(listener, "#state", "open")
    shows(speaker, "#listeners", "1")
    speaker.fill("input", "Hola a todos")
    speaker.click("button")
    shows(listener, "#heard", "Hola a todos")
    speaker.close()  # with 1001: the speaker may come back within the grace period
    wait_for_grace(lectern)
    lectern.sandbox.advance(60)
    shows(listener, "#state", "speakerDisconnected")

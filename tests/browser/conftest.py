"""A real Chromium, headless, with the console open in it."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.running import Lectern

AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
ARTEFACTS = Path(__file__).parents[2] / "artifacts" / "console"
PATIENCE = 30_000.0
"""Milliseconds after which something that must happen counts as not happening."""
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str | None:
    """Return the path of a browser: `CHROMIUM`, or the system's."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip everything here where there is no browser."""
    here = [item for item in items if Path(__file__).parent in item.path.parents]
    for item in here:
        item.add_marker(pytest.mark.browser)
        if chromium() is None:
            why = "needs Chromium: apt-get install chromium, or set CHROMIUM to where it is"
            item.add_marker(pytest.mark.skip(reason=why))


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Return one browser for all tests here; each opens windows of its own.

    It ends with the last of them: while it runs, no other test of the process may use asyncio.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=_FLAGS)
        yield browser
        browser.close()


OpenConsole = Callable[..., Page]


@pytest.fixture
def open_console(lectern: Lectern, browser: Browser) -> Iterator[OpenConsole]:
    """Return a function that opens the console in a window of its own.

    In the end no window may have reported an error.
    """
    problems: list[str] = []
    contexts: list[BrowserContext] = []

    def open_one(query: str = "", **window: object) -> Page:
        options: dict[str, object] = {"viewport": {"width": 1440, "height": 900}, **window}
        contexts.append(browser.new_context(**options))  # type: ignore[arg-type]
        page = contexts[-1].new_page()
        page.set_default_timeout(PATIENCE)
        page.on(
            "console",
            lambda said: problems.append(said.text) if said.type in ("error", "warning") else None,
        )
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(f"http://127.0.0.1:{lectern.sandbox.port}/{query}")
        page.wait_for_selector("#link[data-state=live]")
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert problems == []


def picture(page: Page, name: str, *, whole: bool = False) -> None:
    """Keep a screenshot under artifacts/console."""
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=ARTEFACTS / f"{name}.png", full_page=whole)

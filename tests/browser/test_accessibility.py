"""The console for who sees it badly, sees it small, or uses no mouse."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import AXE, OpenConsole, picture
from tests.browser.console import Console

PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}
needs_axe = pytest.mark.skipif(
    not AXE.is_file(), reason="needs axe-core: npm ci --prefix tests/browser"
)


def _faults(page: Page) -> list[str]:
    """Return the serious findings of axe, each with its place."""
    page.add_script_tag(path=AXE)
    found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{each['id']}: {each['help']} ({node['html'][:120]})"
        for each in found["violations"]
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]


@needs_axe
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(open_console: OpenConsole, scheme: str) -> None:
    console = Console(open_console(color_scheme=scheme))
    assert _faults(console.page) == []

    console.start()
    console.add("es", 3)
    console.add("fr", 2)
    console.all_listen(5)
    console.say("Hello")
    console.received(5)
    console.page.locator(".listeners .item").first.click()
    console.page.locator(".log .item").first.click()
    console.page.locator(".tables .item").first.click()
    console.page.click("#inject")
    console.page.wait_for_selector(".faults li")

    assert _faults(console.page) == []
    picture(console.page, f"session-{scheme}", whole=True)


def test_a_phone_shows_all_of_it_without_scrolling_sideways(open_console: OpenConsole) -> None:
    console = Console(open_console(color_scheme="dark", **PHONE))
    console.page.tap("#show")
    console.sees_listeners(30)
    console.received(60)
    picture(console.page, "phone")
    picture(console.page, "phone-whole", whole=True)

    assert console.page.evaluate("document.documentElement.scrollWidth") == 390
    small = console.page.evaluate(
        "[...document.querySelectorAll('button, input, select')]"
        ".filter((each) => each.offsetHeight && each.type !== 'checkbox' && each.offsetHeight < 28)"
        ".map((each) => each.outerHTML)"
    )
    assert small == []


def test_a_session_can_be_led_with_the_keyboard_alone(open_console: OpenConsole) -> None:
    console = Console(open_console())
    page = console.page
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # "Skip to the session"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    console.session_id()
    page.focus("#count")
    page.keyboard.press("Enter")
    console.all_listen(5)

    page.focus(".listeners [role=listbox]")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("End")

    last = page.locator(".listeners [role=option][aria-posinset='5']")
    expect(last).to_have_attribute("aria-selected", "true")  # with the frame after the key
    listbox = page.locator(".listeners [role=listbox]")
    expect(listbox).to_have_attribute("aria-activedescendant", last.get_attribute("id") or "")


def test_the_theme_follows_the_system_until_it_is_chosen(open_console: OpenConsole) -> None:
    page = open_console(color_scheme="dark")
    assert page.get_attribute("html", "data-theme") == "dark"

    page.click("#theme")
    page.reload()

    assert page.get_attribute("html", "data-theme") == "light"

"""The console, used as a person would: sessions, two pages, time and trouble."""

from collections.abc import Mapping
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenConsole, picture
from tests.browser.console import Console
from tests.running import Lectern


def _connections(lectern: Lectern) -> list[Mapping[str, Any]]:
    state: Mapping[str, Any] = lectern.call("GET", "/_sandbox/state")
    return list(state["connections"])


def test_a_speaker_and_listeners_on_two_pages_hear_each_their_own(
    open_console: OpenConsole, lectern: Lectern
) -> None:
    first = Console(open_console())
    name = first.start()
    first.add("es", 2)
    second = Console(open_console(f"?session={name}"))
    second.add("fr", 3)
    first.sees_listeners(5)
    second.sees_listeners(5)
    second.all_listen(3)

    first.say("Hello, everybody")

    first.heard("es", "^Hello, everybody$")
    second.heard("fr", "^Hello, everybody$")
    first.received(2)
    second.received(3)

    first.page.select_option("#to", "es")
    first.say("Hola")
    first.heard("es", "^Hola$")
    second.heard("fr", "^Hello, everybody$")

    first.page.get_by_role("button", name="End the session").click()
    first.told("The session has ended")
    second.page.wait_for_selector("body:not([data-busy])")
    lectern.settle()
    assert _connections(lectern) == []


def test_a_paused_speaker_is_not_heard_and_says_so(open_console: OpenConsole) -> None:
    console = Console(open_console())
    console.start()
    console.add("de", 1)
    console.all_listen(1)

    console.page.get_by_role("button", name="Pause").click()
    console.page.wait_for_selector(".session .chip:has-text('Paused')")
    console.say("Nobody hears this")
    console.told("paused")

    console.page.get_by_role("button", name="Pause").click()
    console.page.wait_for_selector(".session .chip:has-text('Live')")
    console.say("This is heard")
    console.heard("de", "^This is heard$")


def test_volume_and_mute_reach_the_stack(open_console: OpenConsole, lectern: Lectern) -> None:
    console = Console(open_console())
    console.start()

    console.page.get_by_role("button", name="Mute").click()
    console.page.wait_for_selector(".session .chip:has-text('Muted')")
    console.page.locator("#volume").fill("40")
    console.page.wait_for_selector(".tables .text:has-text('\"volume\":0.4')")

    state = lectern.call("GET", "/_sandbox/state")["sessions"][0]["broadcastState"]
    assert (state["isMuted"], state["volume"]) == (True, 0.4)


def test_a_jump_of_100_minutes_refreshes_all_and_loses_nobody(
    open_console: OpenConsole, lectern: Lectern
) -> None:
    console = Console(open_console())
    name = console.start()
    console.add("es", 2)
    other = Console(open_console(f"?session={name}"))
    other.add("nl", 1)
    console.sees_listeners(3)
    before = {each["connectionId"] for each in _connections(lectern)}

    console.move("100 minutes")

    console.told("3 sockets were replaced. Nobody was lost.")
    console.sees_listeners(3)
    lectern.settle()
    after = _connections(lectern)
    assert len(after) == 4  # the other page sent heartbeats, and was refreshed, too
    assert before.isdisjoint(each["connectionId"] for each in after)
    console.say("Still here?")
    console.heard("es", "^Still here")


def test_a_listener_that_is_cut_off_comes_back_and_misses_nothing(
    open_console: OpenConsole,
) -> None:
    console = Console(open_console())
    console.start()
    console.add("es", 3)
    console.all_listen(3)
    console.page.get_by_role("button", name="Count", exact=True).click()
    console.received(3)

    console.page.click("#cut")

    console.told("is back after")
    console.told("Nothing was lost.")
    console.all_listen(3)
    picture(console.page, "cut-and-back")


def test_a_lost_disconnect_leaves_a_connection_until_the_sweep_finds_it(
    open_console: OpenConsole, lectern: Lectern
) -> None:
    console = Console(open_console())
    console.start()
    console.add("es", 1)
    console.all_listen(1)

    console.page.click("#lose")
    console.told("is back after")
    console.all_listen(1)
    assert lectern.call("GET", "/_sandbox/faults") == []  # it was for one event, and is used up

    for _ in range(3):
        console.move("1 minute")
    lectern.settle()
    assert [each["role"] for each in _connections(lectern)].count("listener") == 1


def test_a_speaker_that_is_cut_off_keeps_the_session(open_console: OpenConsole) -> None:
    console = Console(open_console())
    name = console.start()
    console.add("fr", 2)
    console.all_listen(2)

    console.page.get_by_role("button", name="The speaker", exact=True).click()

    console.told("The speaker is back")
    console.say("Where was I?")
    console.heard("fr", "^Where was I")
    assert console.session_id() == name


def test_faults_and_schedules_are_a_click_away(open_console: OpenConsole, lectern: Lectern) -> None:
    console = Console(open_console())

    console.page.click("#inject")
    console.page.wait_for_selector(".faults li")
    assert len(lectern.call("GET", "/_sandbox/faults")) == 1
    console.page.get_by_role("button", name="End all faults").click()
    console.page.wait_for_selector(".faults li", state="detached")

    console.page.get_by_role("button", name="sweep connections").click()
    console.page.wait_for_selector(".world [role=status]:has-text('sweep_connections')")


def test_the_physics_of_aws_are_a_click_away(open_console: OpenConsole, lectern: Lectern) -> None:
    console = Console(open_console())

    console.page.click("#as-aws")
    console.page.wait_for_selector("#physics:has-text('management ms 10')")
    assert lectern.call("GET", "/_sandbox/physics")["connects_per_second"] == 500
    console.page.click("#end-physics")
    console.page.wait_for_selector("#physics:has-text('Nothing takes time')")
    assert lectern.call("GET", "/_sandbox/physics")["connects_per_second"] == 0


def test_the_log_can_be_filtered_and_a_message_read(open_console: OpenConsole) -> None:
    console = Console(open_console())
    console.start()

    console.page.fill("#filter", "sessionCreated")
    row = console.page.locator(".log .item")
    expect(row).to_have_count(1)
    row.click()

    expect(console.page.locator(".log pre")).to_contain_text('"type": "sessionCreated"')


@pytest.mark.nightly
def test_240_listeners_of_a_page_stay_smooth(open_console: OpenConsole) -> None:
    console = Console(open_console())
    console.start()
    for language in ("es", "fr", "de", "pt", "it", "pl"):
        console.add(language, 40)
    console.sees_listeners(240)

    console.page.get_by_role("button", name="Talk", exact=True).click()
    intervals = console.frames(200)

    assert sorted(intervals)[100] < 50  # milliseconds; 16.7 on a machine with nothing else to do
    console.received(240)
    assert console.page.locator(".listeners .item").count() < 40  # rows that nobody sees are none
    picture(console.page, "crowd")

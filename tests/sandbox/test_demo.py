"""`make demo`, against a running stack."""

import asyncio
import io
from typing import Any

import pytest
from rich.console import Console

from sandbox.demo import __main__ as demo
from sandbox.demo.screen import LiveScreen, Screen
from tests.running import Lectern


async def _no_rest(_: float) -> None:
    """Do not wait between the scenes."""


async def _played(lectern: Lectern, show: Screen) -> None:
    await demo.play(demo.Stack(lectern.sandbox.port), show, _no_rest)


async def test_without_a_terminal_each_event_is_a_line(lectern: Lectern) -> None:
    written = io.StringIO()

    await _played(lectern, Screen(Console(file=written, width=80)))

    text = written.getvalue()
    for name, language in demo.LISTENERS:
        assert f"{name:<12}joins, listening in {language}" in text
        for sentence in demo.SENTENCES:
            assert f"{name:<12}hears “{sentence[language]}”" in text
        assert f"{name:<12}is told: speaker is away" in text
        assert f"{name:<12}is told: endedBySpeaker" in text
    assert "counts 5 listeners: de 1, es 2, fr 1, pt 1" in text
    assert "15 deliveries" in text


async def test_in_a_terminal_it_is_a_live_picture(lectern: Lectern) -> None:
    written = io.StringIO()

    await _played(
        lectern, LiveScreen(Console(file=written, width=100, force_terminal=True, highlight=False))
    )

    text = written.getvalue()
    assert demo.SENTENCES[-1]["en"] in text
    assert demo.SENTENCES[-1]["pt"] in text
    assert "15 deliveries" in text


async def test_nothing_is_left_when_the_demo_ends(lectern: Lectern) -> None:
    await _played(lectern, Screen(Console(file=io.StringIO())))
    await asyncio.to_thread(lectern.settle)

    state: dict[str, Any] = await asyncio.to_thread(lectern.call, "GET", "/_sandbox/state")
    assert state["connections"] == []
    assert [session["isActive"] for session in state["sessions"]] == [False]


def test_without_a_stack_it_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LECTERN_PORT", "9")  # nothing listens to "discard"

    assert demo.main() == 1

    assert "make run" in capsys.readouterr().err

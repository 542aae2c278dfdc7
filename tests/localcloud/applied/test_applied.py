"""The packaged stage, applied to an account on this machine, and real clients on it."""

import asyncio
import io
import json
import os
import re
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from rich.console import Console

from chalicelib.domain.types import Millis
from sandbox.demo import __main__ as demo
from sandbox.demo.screen import Screen
from sandbox.sources.schedules import scheduled_event
from tests.conformance.stack import Stack
from tests.localcloud.applied.cloud import LocalCloud
from tests.localcloud.applied.everything import everything_works

ROOT = Path(__file__).parents[3]
QUICK = "(test_1_connecting or test_2 or test_3_sessions or test_3_broadcasting) and not sdk"
"""The tests that depend on the gateway and the roles; the nightly run has all of them."""
SPEED = 10
"""Times as fast as a person would see the demo."""
NO_CHANGES = "No changes. Your infrastructure matches the configuration."


async def test_every_part_of_the_stack_does_its_work(stack: Stack) -> None:
    await everything_works(stack)


def test_a_second_plan_changes_nothing(as_written: LocalCloud) -> None:
    assert NO_CHANGES in as_written.plan()


async def test_a_setting_is_changed_in_place_while_sockets_stay_open(
    editable: LocalCloud, stack: Stack
) -> None:
    speaker, session_id = await stack.session()
    listener = await stack.listener(session_id)
    before = listener.welcome["heartbeatInterval"]

    changed = await editable.apply_settings(heartbeat_interval_seconds=before - 10)
    await speaker.done("broadcast", data="still here")

    await listener.next("broadcast", data="still here")
    later = await stack.listener(session_id)
    assert later.welcome["heartbeatInterval"] == before - 10
    assert re.search("0 added, [1-9][0-9]* changed, 0 destroyed", changed)


async def test_the_demo_plays_against_the_applied_url(stack: Stack) -> None:
    written = io.StringIO()

    await demo.play(
        demo.Stack.at(stack.url),
        Screen(Console(file=written)),
        lambda seconds: asyncio.sleep(seconds / SPEED),
    )

    assert "15 deliveries" in written.getvalue()


def test_the_conformance_suite_passes(as_written: LocalCloud) -> None:
    assert_conforms(as_written, "-k", QUICK)


@pytest.mark.nightly
@pytest.mark.timeout(1800)
def test_the_whole_conformance_suite_passes_with_both_sdks(as_written: LocalCloud) -> None:
    assert_conforms(as_written)


def assert_conforms(cloud: LocalCloud, *options: str) -> None:
    """Run the suite as a user would against any URL."""
    command = [sys.executable, "-m", "tests.conformance", cloud.url, "-q", *options]
    done = subprocess.run(
        command, cwd=ROOT, env=_plain(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:]
    assert " passed" in done.stdout or "100%" in done.stdout, done.stdout[-1000:]


def _plain() -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "COV_"))}
    return kept | {"PYTHONPATH": "clients/python/src"}


def test_the_apis_show_what_was_applied(as_written: LocalCloud) -> None:
    with closing(as_written.address.client("lambda")) as functions:
        name = "lectern-dev-publish_status"
        event = json.dumps(scheduled_event("publish_status", Millis(0)))

        described = functions.get_function_configuration(FunctionName=name)
        answer = functions.invoke(FunctionName=name, Payload=event)

    assert described["Environment"]["Variables"]["SESSIONS_TABLE_NAME"] == "lectern-dev-sessions"
    assert (answer["StatusCode"], answer.get("FunctionError")) == (200, None)

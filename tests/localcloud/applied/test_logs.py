"""The lines of functions and stages, read by the API of CloudWatch Logs and by the tool."""

import asyncio
import json
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.conformance.stack import Stack
from tests.localcloud.applied.cloud import LocalCloud

ROOT = Path(__file__).parents[3]
FUNCTION = "/aws/lambda/lectern-dev-websocket_connect"
ACCESS = "/aws/apigateway/lectern-dev-access"


async def test_lines_of_functions_and_stages_are_found_in_their_groups(
    cloud: LocalCloud, stack: Stack
) -> None:
    since = await stack.advance(0)
    await stack.session()

    with closing(cloud.address.client("logs")) as logs:
        events = logs.filter_log_events(logGroupName=FUNCTION, startTime=since)["events"]
        access = logs.filter_log_events(logGroupName=ACCESS, startTime=since)["events"]
        stream = events[-1]["logStreamName"]
        found = logs.get_log_events(logGroupName=FUNCTION, logStreamName=stream)["events"]

    assert "connected" in [each.get("event") for each in _documents(events)]
    assert events[-1]["message"] in [each["message"] for each in found]
    routes = [(each["routeKey"], each["status"]) for each in _documents(access)]
    # A socket of an earlier test may only now be found closed.
    of_ours = [each for each in routes if each[0] != "$disconnect"]
    assert of_ours == [("$connect", "200"), ("$default", "200")]


async def test_the_operators_tool_reads_them(cloud: LocalCloud, stack: Stack) -> None:
    await stack.session()
    url = cloud.operator_url
    command = [sys.executable, "-m", "operate", "--url", url, "tail", "--no-follow", "--json"]

    done = await asyncio.to_thread(
        subprocess.run,
        command,
        cwd=ROOT,
        env={**os.environ, **cloud.address.environ()},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert "connected" in [each["event"] for each in lines]


def _documents(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [json.loads(each["message"]) for each in events if each["message"].startswith("{")]

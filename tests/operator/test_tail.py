"""The tool's `tail`: logs of a deployed stack from CloudWatch, and logs of this machine."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from operate.loglines import LineFilter, parsed
from operate.tail_cloudwatch import CloudWatchLog, pattern
from tests.operator.serving import Api
from tests.running import PATIENCE, Lectern

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def cloudwatch() -> Iterator[str]:
    """CloudWatch Logs, by moto."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def test_the_log_of_a_deployed_stack_is_read_from_every_functions_group(
    cloudwatch: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", cloudwatch)
    session = boto3.Session("AKID", "secret", region_name="eu-central-1")
    now = time.time()
    write(session, "lectern-dev-websocket_message", now, {"event": "late", "sessionId": "s"})
    write(session, "lectern-dev-run_jobs", now - 5, {"event": "early", "connection": "c0ffee"})
    write(session, "lectern-dev-run_jobs", now - 4, {"event": "another's", "sessionId": "t"})
    write(session, "lectern-dev-run_jobs", now - 900, {"event": "long ago", "sessionId": "s"})
    write(session, "other-dev-run_jobs", now, {"event": "not ours", "sessionId": "s"})
    log = CloudWatchLog(session, "lectern-dev")
    line_filter = LineFilter("INFO", "s", frozenset({"c0ffee"}))
    read: list[str] = []

    lines = log.lines(line_filter, now - 60, follow=False, on_group=read.append)

    assert [line["event"] for line in lines if line_filter.matches(line)] == ["early", "late"]
    assert sorted(read) == ["run_jobs", "websocket_message"]


def test_following_shows_each_line_once(cloudwatch: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", cloudwatch)
    session = boto3.Session("AKID", "secret", region_name="eu-west-1")
    now = time.time()
    write(session, "lectern-dev-run_jobs", now, {"event": "1"})

    def meanwhile(_: float) -> None:
        count = str(len(seen) + 1)
        write(session, "lectern-dev-run_jobs", now + int(count), {"event": count})

    seen: list[str] = []
    lines = CloudWatchLog(session, "lectern-dev").lines(
        LineFilter(), now - 60, follow=True, pause=meanwhile
    )
    for line in lines:
        seen.append(line["event"])
        if len(seen) == 4:
            break

    assert seen == ["1", "2", "3", "4"]


def write(session: boto3.Session, name: str, at: float, line: dict[str, str]) -> None:
    """Write a line of the app and a line of Lambda to a function's log group."""
    client: Any = session.client("logs")
    group, stream = f"/aws/lambda/{name}", f"stream-{time.monotonic_ns()}"
    known = client.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    if not known:
        client.create_log_group(logGroupName=group)
    client.create_log_stream(logGroupName=group, logStreamName=stream)
    text = json.dumps({"level": "INFO", "timestamp": int(at * 1000), **line})
    client.put_log_events(
        logGroupName=group,
        logStreamName=stream,
        logEvents=[
            {"timestamp": int(at * 1000), "message": "START RequestId: 1"},
            {"timestamp": int(at * 1000), "message": text},
        ],
    )


def test_cloudwatch_filters_what_fits_its_pattern() -> None:
    assert pattern(LineFilter()) == "{ $.event = * }"
    assert pattern(LineFilter("INFO", "s", frozenset("cd"))) == (
        '{ ($.sessionId = "s") || ($.connection = "c") || ($.connection = "d") }'
    )
    many = frozenset(f"{number:012x}" for number in range(500))
    assert pattern(LineFilter("INFO", "s", many)) == "{ $.event = * }"


@pytest.mark.parametrize(
    "line",
    [
        "START RequestId: 1",
        '{"time": "2026-11-22T20:00:00.000Z", "type": "platform.start", "record": {}}',
        '{"timestamp": "2026-11-22T20:00:00Z", "level": "ERROR", "errorMessage": "timed out"}',
        '{"_aws": {"Timestamp": 1}, "Errors": 1}',
        "[1]",
    ],
)
def test_lines_of_lambda_and_of_metrics_are_not_shown(line: str) -> None:
    assert parsed(line) is None


def test_the_log_of_this_machine_is_shown_by_session_as_it_is_written(
    run_lectern: Callable[..., Lectern], api: Api
) -> None:
    lectern = run_lectern(LOG_LEVEL="INFO")
    session_id = "golden-eagle-427"
    where = ("--sandbox", f"http://127.0.0.1:{lectern.sandbox.port}")
    command = (sys.executable, "-u", "-m", "operate", "--url", api.url, "tail", *where)
    wish = ("--session", session_id, "--level", "error")

    with subprocess.Popen([*command, *wish], cwd=ROOT, stdout=subprocess.PIPE, text=True) as tail:
        until(lambda: lectern.sandbox.event_stream.has_subscribers)
        line = {"level": "ERROR", "timestamp": 0, "function": "run_jobs"}
        for each in (
            line | {"event": "of another", "sessionId": "quiet-owl-001"},
            line | {"event": "too quiet", "sessionId": session_id, "level": "INFO"},
            {"_aws": {}, "sessionId": session_id},
            line | {"event": "ours", "sessionId": session_id, "count": 3},
        ):
            lectern.sandbox.take_line(json.dumps(each))
        assert tail.stdout is not None
        shown = tail.stdout.readline()
        tail.terminate()

    assert shown.split() == [
        *("00:00:00.000", "ERROR", "run_jobs", "ours"),
        *(f"sessionId={session_id}", "count=3"),
    ]


def until(done: Callable[[], bool]) -> None:
    """Wait for something that must happen."""
    give_up = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < give_up
        time.sleep(0.02)

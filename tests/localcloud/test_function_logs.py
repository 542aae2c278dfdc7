"""A function's log: its own lines, and Lambda's in the applied format."""

import json
from typing import Any

import pytest

from tests.localcloud.world import World

HELLO = "def handler(event, context):\n    print('hello')"
QUIET = {"LogFormat": "JSON", "ApplicationLogLevel": "INFO", "SystemLogLevel": "WARN"}


def test_the_log_has_the_lines_of_lambda_and_of_the_function(world: World) -> None:
    world.function("says", "def handler(event, context):\n    print('hello')", MemorySize=256)

    request_id = world.functions.invoke("says", {}).request_id

    init, start, hello, end, report = world.log("says")
    assert init.startswith("INIT_START Runtime Version: python:3.")
    assert start == f"START RequestId: {request_id} Version: $LATEST"
    assert (hello, end) == ("hello", f"END RequestId: {request_id}")
    fields = dict(part.split(": ", 1) for part in report.split("\t"))
    assert fields["REPORT RequestId"] == request_id
    assert fields["Memory Size"] == "256 MB"
    assert 0 < int(fields["Max Memory Used"].removesuffix(" MB")) < 256
    assert float(fields["Init Duration"].removesuffix(" ms")) > 0


def test_a_role_that_may_not_write_logs_leaves_none(world: World) -> None:
    role = world.role("silent", {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"})
    world.function("says", "def handler(event, context):\n    print('hello')", Role=role)

    world.call("says")

    assert world.log("says") == []


def test_in_json_at_warn_lambda_logs_nothing_about_a_success(world: World) -> None:
    line = json.dumps({"level": "WARNING", "timestamp": 1, "event": "late", "_aws": {"a": [1]}})
    world.function(
        "says", f"def handler(event, context):\n    print({line!r})", LoggingConfig=QUIET
    )

    world.call("says")

    assert world.log("says") == [line]


def test_in_json_at_warn_a_failure_is_reported(world: World) -> None:
    source = "def handler(event, context):\n    raise ValueError('no')"
    world.function("fails", source, LoggingConfig=QUIET, MemorySize=256)

    request_id = world.functions.invoke("fails", {}).request_id

    error, done, report = records(world, "fails")
    assert (error["level"], error["errorType"], error["requestId"]) == (
        "ERROR",
        "ValueError",
        request_id,
    )
    assert (done["type"], report["type"]) == ("platform.runtimeDone", "platform.report")
    assert (report["record"]["requestId"], report["record"]["status"]) == (request_id, "error")
    assert 0 < report["record"]["metrics"]["maxMemoryUsedMB"] < 256


def test_in_json_at_warn_a_time_out_is_reported(world: World) -> None:
    source = "import time\ndef handler(event, context):\n    time.sleep(60)"
    world.function("slow", source, LoggingConfig=QUIET, Timeout=1)

    world.functions.invoke("slow", {})

    assert [each["record"]["status"] for each in records(world, "slow")] == ["timeout"] * 2


def test_in_json_at_info_lambda_logs_start_and_report(world: World) -> None:
    world.function("says", HELLO, LoggingConfig={"LogFormat": "JSON"})

    world.call("says")

    init, start, hello, report = world.log("says")
    assert [json.loads(each)["type"] for each in (init, start, report)] == [
        "platform.initStart",
        "platform.start",
        "platform.report",
    ]
    assert hello == "hello"
    assert json.loads(report)["record"]["metrics"]["initDurationMs"] > 0


def test_in_json_a_line_below_the_functions_level_is_dropped(world: World) -> None:
    lines = [{"level": "debug"}, {"level": "WARN"}, {"level": "ERROR"}, {"metric": 1}]
    printing = "".join(f"    print({json.dumps(each)!r})\n" for each in lines)
    config = QUIET | {"ApplicationLogLevel": "WARN"}
    world.function("levels", f"def handler(event, context):\n{printing}", LoggingConfig=config)

    world.call("levels")

    assert records(world, "levels") == [{"level": "WARN"}, {"level": "ERROR"}]


@pytest.mark.parametrize(
    ("config", "log_format", "level"), [(QUIET, "JSON", "INFO"), ({}, "Text", None)]
)
def test_the_runtime_is_told_its_format(
    world: World, config: dict[str, str], log_format: str, level: str | None
) -> None:
    source = "import os\ndef handler(event, context):\n    return dict(os.environ)"
    world.function("env", source, LoggingConfig=config)

    given = world.call("env")

    assert (given["AWS_LAMBDA_LOG_FORMAT"], given.get("AWS_LAMBDA_LOG_LEVEL")) == (
        log_format,
        level,
    )


def test_a_new_logging_config_holds_for_the_next_event(world: World) -> None:
    world.function("says", HELLO)
    world.call("says")
    backend = world.context.backend("lambda")

    config = {"LogFormat": "JSON", "LogGroup": "/mine", "SystemLogLevel": "WARN"}
    backend.update_function_configuration("says", None, {"LoggingConfig": config})
    before = len(world.streams)
    world.call("says")

    assert [(group, line) for group, _, line in world.streams[before:]] == [("/mine", "hello")]
    answered = backend.get_function("says").get_configuration()["LoggingConfig"]
    assert answered == config | {"ApplicationLogLevel": "INFO"}


def test_the_text_format_has_no_levels(world: World) -> None:
    world.function("says", HELLO)

    answered = world.context.backend("lambda").get_function("says").get_configuration()

    assert answered["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": "/aws/lambda/says"}


def records(world: World, name: str) -> list[Any]:
    """Return the lines of a log in which each is JSON."""
    return [json.loads(line) for line in world.log(name)]

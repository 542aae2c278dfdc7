"""Handlers are called with the timeout that they have on AWS."""

import json
from pathlib import Path

import pytest
from chalice.app import Chalice

from sandbox.functions.context import LambdaContext
from sandbox.functions.functions import FunctionError, functions_of, read_timeouts


def test_timeouts_are_those_of_chalices_configuration(tmp_path: Path) -> None:
    (tmp_path / ".chalice").mkdir()
    config = {
        "lambda_functions": {"sweep": {"lambda_timeout": 60}},
        "stages": {
            "prod": {"lambda_functions": {"websocket_connect": {"lambda_timeout": 30}}},
            "local": {"lambda_functions": {"sweep": {"lambda_timeout": 5}}},
        },
    }
    (tmp_path / ".chalice" / "config.json").write_text(json.dumps(config))

    assert read_timeouts(tmp_path, "local") == {"sweep": 5.0, "connect": 30.0}


def test_without_a_configuration_there_are_no_timeouts(tmp_path: Path) -> None:
    assert read_timeouts(tmp_path, "local") == {}


def test_a_handler_gets_its_context() -> None:
    seen: list[LambdaContext] = []
    app = Chalice("app", env={})

    @app.lambda_function(name="work")  # type: ignore[untyped-decorator]
    def work(_: dict[str, str], context: LambdaContext) -> str:
        seen.append(context)
        return "done"

    function = functions_of(app, {"work": 5.0})["work"]

    assert function({}) == "done"
    assert 4000 < seen[0].get_remaining_time_in_millis() <= 5000
    assert seen[0].function_name == "work"
    assert seen[0].aws_request_id in seen[0].log_stream_name


def test_a_handler_that_raises_is_logged_by_its_name(caplog: pytest.LogCaptureFixture) -> None:
    app = Chalice("app", env={})

    @app.lambda_function(name="work")  # type: ignore[untyped-decorator]
    def work(_: dict[str, str], __: LambdaContext) -> None:
        raise RuntimeError("on purpose")

    with pytest.raises(FunctionError, match="work"):
        functions_of(app, {})["work"]({})

    assert "on purpose" in caplog.text


def test_no_time_remains_after_the_timeout() -> None:
    assert LambdaContext("work", 0.0).get_remaining_time_in_millis() == 0

"""Filter patterns of CloudWatch Logs for JSON."""

import json
from typing import Any

import pytest
from moto.logs.exceptions import InvalidParameterException

from localcloud.control import cloudwatch_logs
from tests.localcloud.world import World

DOCUMENT: dict[str, Any] = {
    "event": "refused",
    "status": 429,
    "who": {"ip": "10.0.0.1", "name": "a && (b"},
}


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ('{ $.event = "refused" }', True),
        ("{ $.event = refused }", True),
        ('{$.event="other"}', False),
        ("{ $.event = * }", True),
        ("{ $.nothing = * }", False),
        ('{ $.event = "ref*" }', True),
        ("{ $.status = 429 }", True),
        ('{ $.who.name = "a && (b" }', True),
        ('{ ($.event = "x") || ($.who.ip = "10.*") }', True),
        ('{ ($.event = "x") || ($.event = "y") }', False),
    ],
)
def test_a_pattern_matches(pattern: str, fits: bool) -> None:
    assert cloudwatch_logs.compiled(pattern)(DOCUMENT) == fits


@pytest.mark.parametrize(
    "pattern",
    [
        "{",
        "{ }",
        "{ $.a }",
        "{ $.a = }",
        "{ a = 1 }",
        "{ ($.a = 1 }",
        "{ $.a = 1 } x",
        "{ $.a > 1 }",
    ],
)
def test_a_pattern_that_is_malformed_or_not_supported(pattern: str) -> None:
    with pytest.raises(InvalidParameterException):
        cloudwatch_logs.compiled(pattern)


def test_moto_filters_by_it(world: World) -> None:
    cloudwatch_logs.extend()
    backend = world.context.backend("logs")
    backend.create_log_group("g", {})
    backend.create_log_stream("g", "s")
    lines = [json.dumps(DOCUMENT), json.dumps({"event": "other"}), "START refused"]
    now = world.context.clock()
    backend.put_log_events("g", "s", [{"timestamp": now, "message": line} for line in lines])

    def found(pattern: str) -> list[str]:
        events, _, _ = backend.filter_log_events("g", [], None, None, None, None, pattern, True)
        return [each["message"] for each in events]

    assert found('{ $.event = "refused" }') == lines[:1]
    assert found("refused") == [lines[0], lines[2]]
    assert found("") == lines

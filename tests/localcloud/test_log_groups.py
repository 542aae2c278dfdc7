"""Log groups of the control plane and their lines."""

import re
from typing import Any

import pytest

from localcloud.cloudwatch import log_groups
from localcloud.cloudwatch.log_groups import LogGroups
from tests.localcloud.world import World


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1_000_000_000_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def backend(world: World) -> Any:
    """moto's backend with an empty group `g`."""
    found = world.context.backend("logs")
    found.create_log_group("g", {})
    return found


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lines(clock: Clock) -> LogGroups:
    return LogGroups(clock, lambda *_: None)


def test_lines_are_in_their_streams_by_the_accounts_clock(
    backend: Any, lines: LogGroups, clock: Clock
) -> None:
    lines.write("g", "a", "one")
    clock.now += 5
    lines.write("g", "b", "two")
    clock.now += 1
    lines.write("g", "a", "three")
    lines.write("not applied", "a", "lost")

    lines.flush(backend)

    assert _found(backend) == [("a", "one"), ("b", "two"), ("a", "three")]
    assert [at for at, _ in _stream(backend, "a")] == [clock.now - 6, clock.now]
    lines.write("g", "b", "four")
    lines.flush(backend)
    assert [text for _, text in _stream(backend, "b")] == ["two", "four"]


def test_each_line_is_passed_on_as_it_is_written(clock: Clock) -> None:
    told: list[tuple[str, str]] = []
    lines = LogGroups(clock, lambda *line: told.append(line))

    lines.write("not applied", "a", "one")

    assert told == [("not applied", "one")]


@pytest.mark.parametrize("read", [True, False])
def test_only_the_last_lines_are_kept(
    backend: Any, lines: LogGroups, monkeypatch: pytest.MonkeyPatch, *, read: bool
) -> None:
    monkeypatch.setattr(log_groups, "MAX_LINES", 3)
    for number in range(5):
        lines.write("g", f"{number % 2}", str(number))
        if read:
            lines.flush(backend)

    lines.flush(backend)

    assert sorted(text for _, text in _found(backend)) == ["2", "3", "4"]
    assert backend.groups["g"].to_describe_dict()["storedBytes"] == 3


def test_a_group_that_is_created_again_is_empty(backend: Any, lines: LogGroups) -> None:
    lines.write("g", "a", "one")
    lines.flush(backend)

    backend.delete_log_group("g")
    backend.create_log_group("g", {})
    lines.write("g", "a", "two")
    lines.flush(backend)

    assert _found(backend) == [("a", "two")]


def test_an_instance_has_a_stream_of_its_own(world: World) -> None:
    world.function("says", "def handler(event, context):\n    print(context.log_stream_name)")
    world.call("says")
    world.context.backend("lambda").update_function_configuration("says", None, {"Timeout": 10})
    world.call("says")
    world.function("fails", "import nothing_of_the_kind")
    world.functions.invoke("fails", {})

    said = [(stream, line) for group, stream, line in world.streams if group.endswith("/says")]
    streams = list(dict.fromkeys(stream for stream, _ in said))
    assert len(streams) == 2
    assert all(re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", each) for each in streams)
    assert [line for _, line in said if line in streams] == streams
    failed = {stream for group, stream, _ in world.streams if group.endswith("/fails")}
    assert len(failed) == 1
    assert failed.isdisjoint(streams)


def _found(backend: Any) -> list[tuple[str, str]]:
    events, _, _ = backend.filter_log_events("g", [], None, None, None, None, "", True)
    return [(each["logStreamName"], each["message"]) for each in events]


def _stream(backend: Any, name: str) -> list[tuple[int, str]]:
    events, _, _ = backend.get_log_events("g", None, name, None, None, 10, None, True)
    return [(each["timestamp"], each["message"]) for each in events]

"""Every log line is one JSON object that says what happened, in which invocation."""

import contextvars
import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.types import Role
from chalicelib.telemetry import Telemetry
from tests.chalicelib.telemetry.captured import NOW, Captured, ShortHasher


def test_a_line_says_when_what_and_where(captured: Captured) -> None:
    with captured.telemetry.invocation("connect", "correlation-1"):
        captured.telemetry.info("joined", session_id="golden-eagle-427", count=3)

    assert captured.document == {
        "level": "INFO",
        "timestamp": NOW,
        "event": "joined",
        "correlationId": "correlation-1",
        "function": "connect",
        "sessionId": "golden-eagle-427",
        "count": 3,
    }


def test_outside_of_any_invocation_the_same_fields_are_there(captured: Captured) -> None:
    captured.telemetry.warning("started")

    assert captured.document == {
        "level": "WARNING",
        "timestamp": NOW,
        "event": "started",
        "correlationId": None,
        "function": None,
    }


def test_the_fields_of_an_invocation_are_on_each_of_its_lines_and_on_no_other(
    captured: Captured,
) -> None:
    with captured.telemetry.invocation("run_jobs", "c", None, kind="welcome"):
        captured.telemetry.info("one")
        captured.telemetry.error("two")
    captured.telemetry.info("three")

    assert [line.get("kind") for line in captured.documents] == ["welcome", "welcome", None]


def test_an_invocation_within_another_gives_way_to_it_again(captured: Captured) -> None:
    with captured.telemetry.invocation("sweep_connections", "outer"):
        with captured.telemetry.invocation("disconnect", "inner"):
            captured.telemetry.info("inner")
        captured.telemetry.info("outer")

    assert [line["correlationId"] for line in captured.documents] == ["inner", "outer"]


def test_an_exception_leaves_the_invocation_and_ends_it(captured: Captured) -> None:
    with pytest.raises(ZeroDivisionError), captured.telemetry.invocation("connect", "c"):
        raise ZeroDivisionError
    captured.telemetry.info("after")

    assert captured.document["correlationId"] is None


def test_connection_ids_are_hashed_wherever_they_are(captured: Captured) -> None:
    connection = "L0SM9cOFvHcCIhw="
    hashed = ShortHasher().connection(connection)

    with captured.telemetry.invocation("connect", "c", connection):
        captured.telemetry.info(
            f"posting to {connection}",
            speaker_connection_id="abc=",
            gone_connection_ids=["abc=", None, 7],
            superseded_by=None,
            note=f"as {connection} was",
        )

    line = captured.document
    assert line["connection"] == hashed
    assert line["event"] == f"posting to {hashed}"
    assert line["note"] == f"as {hashed} was"
    assert line["speakerConnectionId"] == ShortHasher().connection("abc=")
    assert line["goneConnectionIds"] == [ShortHasher().connection("abc="), None, "[redacted]"]
    assert line["supersededBy"] is None


def test_fields_never_replace_what_the_line_is_about(captured: Captured) -> None:
    with captured.invocation():
        captured.telemetry.info("joined", level="x", timestamp=0, function="x", correlation_id="x")

    assert captured.document == {
        "level": "INFO",
        "timestamp": NOW,
        "event": "joined",
        "correlationId": "correlation-1",
        "function": "connect",
    }


@pytest.mark.parametrize(
    ("level", "written"),
    [
        ("DEBUG", ["INFO", "WARNING", "ERROR"]),
        ("INFO", ["INFO", "WARNING", "ERROR"]),
        ("WARNING", ["WARNING", "ERROR"]),
        ("ERROR", ["ERROR"]),
    ],
)
def test_lines_below_the_level_are_not_written_but_metrics_are(
    level: str, written: list[str]
) -> None:
    captured = Captured(level)

    captured.telemetry.info("a")
    captured.telemetry.warning("b")
    captured.telemetry.error("c")
    captured.telemetry.metric("CountDrift", 1)

    assert [line["level"] for line in captured.documents[:-1]] == written
    assert captured.documents[-1]["CountDrift"] == 1


def test_values_keep_their_json_types(captured: Captured) -> None:
    captured.telemetry.info(
        "x",
        a=True,
        b=None,
        c=1.5,
        d=[1, "two"],
        e={"f_g": {"h": 1}},
        i=Role.SPEAKER,
        j={3},
        k=2**70,
    )

    line = captured.document
    assert (line["a"], line["b"], line["c"], line["d"]) == (True, None, 1.5, [1, "two"])
    assert (line["e"], line["i"], line["j"], line["k"]) == ({"fG": {"h": 1}}, "speaker", [3], 2**70)


def test_numbers_that_json_lacks_are_null(captured: Captured) -> None:
    captured.telemetry.info("x", a=float("nan"), b=float("inf"))

    assert (captured.document["a"], captured.document["b"]) == (None, None)


def test_long_and_deep_values_are_cut(captured: Captured) -> None:
    deep: object = "bottom"
    for _ in range(10):
        deep = {"down": [deep]}

    captured.telemetry.info("x", text="a " * 10_000, items=list(range(1000)), deep=deep)

    assert len(captured.document["text"]) == 1000
    assert captured.document["items"] == list(range(50))
    assert "bottom" not in captured.lines[0]
    assert len(captured.lines[0]) < 2000


@given(st.text(st.characters()), st.text(st.characters()))
def test_any_text_makes_one_line_of_printable_ascii(event: str, value: str) -> None:
    captured = Captured()

    captured.telemetry.info(event, note=value, more={value: value})

    [line] = captured.lines
    assert all(" " <= character <= "~" for character in line)
    assert json.loads(line)["level"] == "INFO"


@pytest.mark.parametrize(
    "text",
    ["\n", "\r", "\x00", "\x1b[2J", "\x7f", "\x85", "\x9b2J", "\u2028", "\U0001f600"],
    ids=ascii,
)
def test_line_breaks_and_terminal_controls_are_escaped_and_survive_decoding(
    captured: Captured, text: str
) -> None:
    captured.telemetry.info("x", note=text)

    assert text not in captured.lines[0]
    assert captured.document["note"] == text


def test_threads_that_run_side_by_side_never_mix_their_invocations(captured: Captured) -> None:
    together = Barrier(8)

    def handler(number: int) -> None:
        with captured.telemetry.invocation("message", f"c{number}", None, mine=number):
            for _ in range(50):
                together.wait()
                captured.telemetry.info("step", number=number)
                captured.telemetry.metric("CountDrift", number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(handler, range(8)))

    steps = [line for line in captured.documents if "event" in line]
    metrics = [line for line in captured.documents if "_aws" in line]
    assert len(steps) == 400
    assert all(
        line["mine"] == line["number"] and line["correlationId"] == f"c{line['number']}"
        for line in steps
    )
    assert sorted(line["CountDrift"][0] for line in metrics) == list(range(8))
    assert all(set(line["CountDrift"]) == {line["mine"]} for line in metrics)


def test_a_thread_that_runs_in_a_copy_of_the_context_belongs_to_the_invocation(
    captured: Captured,
) -> None:
    with ThreadPoolExecutor(1) as pool, captured.invocation():
        pool.submit(contextvars.copy_context().run, captured.telemetry.info, "posted").result()

    assert captured.document["correlationId"] == "correlation-1"


def test_lines_go_to_the_current_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry = Telemetry(ShortHasher(), lambda: NOW)

    telemetry.info("one")
    telemetry.info("two")

    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["one", "two"]

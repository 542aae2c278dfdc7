"""Metrics are EMF lines that CloudWatch reads, few and short; ids are never dimensions."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from itertools import chain
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.telemetry import METRICS, Dimension, MetricName
from tests.chalicelib.telemetry.captured import NOW, Captured

# Every metric with its dimensions, written by hand, and all four outcomes of a fan-out.
EXPECTED = """
ConnectionTimeout (Role, Reason) · ConnectionsChecked · IdleConnectionsDetected ·
ConnectionsClosed · ConnectionDuration (Role) · MessagesReceived (Action) · MessageErrors (Code) ·
HandlerLatency (Action) · StatusQueryLatency · PeriodicStatusUpdatesSent · FanOutRecipients ·
FanOutLatency · FanOutDelivered · FanOutGone · FanOutSlow · FanOutUnsent ·
DisconnectCleanupLatency · SubscriptionsCancelled ·
RequestsCancelled · ActiveSessions · TotalListeners · ListenersByLanguage (Language) ·
SessionDuration · CountDrift · RateLimited (Operation)
"""


def test_the_metrics_and_their_dimensions_are_those_of_the_design() -> None:
    designed = {}
    for entry in EXPECTED.replace("\n", " ").split("·"):
        name, _, dimensions = entry.strip().rstrip(")").partition(" (")
        designed[name] = tuple(dimensions.split(", ")) if dimensions else ()

    assert designed == METRICS
    assert set(get_args(MetricName)) == set(METRICS)
    assert {d for dimensions in METRICS.values() for d in dimensions} == set(get_args(Dimension))


def test_a_metric_outside_of_an_invocation_is_written_at_once(captured: Captured) -> None:
    captured.telemetry.metric("ConnectionDuration", 12.5, "Seconds", {"Role": "speaker"}, n=1)

    assert captured.document == {
        "_aws": {
            "Timestamp": NOW,
            "CloudWatchMetrics": [
                {
                    "Namespace": "Lectern",
                    "Dimensions": [["Role"]],
                    "Metrics": [{"Name": "ConnectionDuration", "Unit": "Seconds"}],
                }
            ],
        },
        "Role": "speaker",
        "ConnectionDuration": 12.5,
        "correlationId": None,
        "function": None,
        "n": 1,
    }


def test_metrics_of_the_same_dimensions_are_one_line_at_the_end_of_the_invocation(
    captured: Captured,
) -> None:
    metric = captured.telemetry.metric

    with captured.invocation():
        metric("ConnectionsChecked", 20)
        metric("ConnectionsClosed", 2)
        metric("ConnectionTimeout", 1, dimensions={"Role": "listener", "Reason": "idle"})
        metric("ConnectionTimeout", 1, dimensions={"Reason": "idle", "Role": "listener"})
        metric("ConnectionTimeout", 1, dimensions={"Role": "speaker", "Reason": "idle"})
        assert captured.lines == []

    plain, listeners, speakers = captured.documents
    assert (plain["ConnectionsChecked"], plain["ConnectionsClosed"]) == (20, 2)
    assert plain["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [[]]
    assert len(plain["_aws"]["CloudWatchMetrics"][0]["Metrics"]) == 2
    assert (listeners["Role"], listeners["ConnectionTimeout"]) == ("listener", [1, 1])
    assert (speakers["Role"], speakers["ConnectionTimeout"]) == ("speaker", 1)
    assert {line["correlationId"] for line in captured.documents} == {"correlation-1"}


def test_metrics_are_written_also_when_the_handler_raises(captured: Captured) -> None:
    def handler() -> None:
        with captured.invocation():
            captured.telemetry.metric("CountDrift", 3)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        handler()

    assert captured.document["CountDrift"] == 3


def test_ids_are_properties_and_several_of_them_a_list(captured: Captured) -> None:
    with captured.invocation():
        for session in ["golden-eagle-427", "golden-eagle-427", "calm-lake-001"]:
            captured.telemetry.metric("CountDrift", 1, session_id=session, stage="dev")

    line = captured.document
    assert line["sessionId"] == ["golden-eagle-427", "calm-lake-001"]
    assert line["stage"] == "dev"
    assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [[]]


def test_a_line_never_has_more_values_of_a_metric_than_cloudwatch_reads(captured: Captured) -> None:
    with captured.invocation():
        for number in range(250):
            captured.telemetry.metric("SessionDuration", number, "Seconds")

    values = [line["SessionDuration"] for line in captured.documents]
    assert [len(several) for several in values] == [100, 100, 50]
    assert list(chain(*values)) == list(range(250))


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    """Let threads take turns every microsecond, so that a missing lock is noticed."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("hasty_threads")
def test_no_value_is_lost_or_doubled_when_threads_of_one_invocation_count_at_once(
    captured: Captured,
) -> None:
    def count(thread: int) -> None:
        for number in range(500):
            captured.telemetry.metric("FanOutLatency", thread * 500 + number, "Milliseconds")

    with ThreadPoolExecutor(8) as pool, captured.invocation():
        contexts = [copy_context() for _ in range(8)]
        for done in [pool.submit(contexts[n].run, count, n) for n in range(8)]:
            done.result()

    values = [line["FanOutLatency"] for line in captured.documents]
    assert sorted(chain(*values)) == list(range(4000))
    assert {len(several) for several in values} == {100}


@pytest.mark.parametrize(
    "dimensions",
    [{}, {"Role": "speaker"}, {"Role": "speaker", "Reason": "idle", "Code": "X"}],
    ids=["none", "too few", "too many"],
)
def test_undeclared_dimensions_raise(captured: Captured, dimensions: dict[Any, str]) -> None:
    with pytest.raises(ValueError, match="ConnectionTimeout has the dimensions"):
        captured.telemetry.metric("ConnectionTimeout", 1, dimensions=dimensions)


@given(st.text(st.characters()))
def test_a_dimension_is_short_printable_ascii_whatever_it_is_given(language: str) -> None:
    captured = Captured()

    captured.telemetry.metric("ListenersByLanguage", 1, dimensions={"Language": language})

    value = captured.document["Language"]
    assert 0 < len(value) <= 250
    assert all(" " <= character <= "~" for character in value)


@pytest.mark.parametrize(
    ("given_value", "written"),
    [("pt-BR", "pt-BR"), ("", "unknown"), ("  ", "unknown"), ("ñ\n", "??"), ("a b " * 99, None)],
)
def test_invalid_dimension_values_are_replaced(
    captured: Captured, given_value: str, written: str | None
) -> None:
    captured.telemetry.metric("ListenersByLanguage", 1, dimensions={"Language": given_value})

    assert captured.document["Language"] == (written or given_value[:250].strip())

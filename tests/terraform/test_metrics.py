"""The dashboard reads metrics that the code emits, with the dimensions it emits.

`tests/localcloud/applied/test_alarms.py` has the alarms.
"""

import json
import re

import pytest

from chalicelib.telemetry.metrics import METRICS
from tests.terraform.conftest import Plans
from tools.mocked_plan import Plan

EMITTED: dict[str, set[str]] = {name: set(dimensions) for name, dimensions in METRICS.items()}

pytestmark = pytest.mark.terraform


@pytest.fixture(scope="module")
def plan(module_plans: Plans) -> Plan:
    """The plan of the observability module, where the dashboard's text is known."""
    return module_plans("observability")["quiet"]


def test_every_widget_reads_metrics_that_the_code_emits(plan: Plan) -> None:
    read = dict(widget_metrics(plan))

    assert {name: EMITTED.get(name) for name in read} == read


def test_the_dashboard_shows_what_the_stack_is_watched_for(plan: Plan) -> None:
    assert {
        "ActiveSessions",
        "TotalListeners",
        "ListenersByLanguage",
        "DisconnectCleanupLatency",
        "MessagesReceived",
        "FanOutLatency",
        "ConnectionTimeout",
        "MessageErrors",
    } <= dict(widget_metrics(plan)).keys()


def widget_metrics(plan: Plan) -> list[tuple[str, set[str]]]:
    """Return each metric of the namespace Lectern that a widget reads, with its dimensions."""
    body = json.loads(plan["aws_cloudwatch_dashboard.this"]["dashboard_body"])
    rows = [row for widget in body["widgets"] for row in widget["properties"]["metrics"]]
    return [found for row in rows for found in app_metrics(row)]


def app_metrics(row: list[object]) -> list[tuple[str, set[str]]]:
    """Return the metric of a row `["Lectern", name, ..., options]` or of a SEARCH, or none."""
    if isinstance(row[0], dict):
        search = re.match(
            r"SEARCH\('\{Lectern,([\w,]+)\} MetricName=\"(\w+)\"", row[0]["expression"]
        )
        assert search, row
        return [(search[2], set(search[1].split(",")))]
    if row[0] != "Lectern":
        return []
    pairs = [part for part in row[2:] if not isinstance(part, dict)]
    return [(str(row[1]), {str(name) for name in pairs[::2]})]

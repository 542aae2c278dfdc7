"""Each applied alarm watches metrics that the code or the platform emits, and goes off on them."""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

from chalicelib.errors import Code
from chalicelib.telemetry.metrics import METRICS, MetricLine
from localcloud.cloudwatch.emf import data_points
from localcloud.cloudwatch.evaluation import period_values, state_of
from localcloud.cloudwatch.queue_metrics import measure_queues
from localcloud.cloudwatch.table_metrics import count_failed_call
from localcloud.functions.configuration import configuration
from localcloud.functions.logs.recorder import Recorder
from localcloud.functions.results import InvocationReport, Result
from localcloud.gateway.gateway_metrics import count_call, count_rest_request
from localcloud.metrics import Metric, MetricStore
from tests.conformance.stack import Stack
from tests.localcloud.applied.cloud import LocalCloud
from tests.localcloud.sourced import SAYS, Sourced

ROOT = Path(__file__).parents[3]
STAGE = "dev"
MINUTE = 60_000
END = 20 * MINUTE
"""The end of the newest period, in milliseconds: longer than any alarm looks back."""
OPERATIONS = ("BatchGetItem", "DeleteItem", "GetItem", "PutItem", "Query", "Scan", "UpdateItem")
TRANSACTIONS = ("TransactGetItems", "TransactWriteItems")


def test_every_alarm_goes_off_on_metrics_that_are_emitted(
    as_written: LocalCloud, sourced: Sourced
) -> None:
    alarms = applied_alarms(as_written)
    emit_everything(as_written, sourced)
    silent, loud = MetricStore(), MetricStore()
    for metric in [*sourced.context.metrics.metrics(), *emitted_by_the_code()]:
        for minute in range(20):
            loud.add(metric, minute * MINUTE, 1e9)

    before = {each.name for each in alarms if state(each, silent) == "ALARM"}
    after = {each.name for each in alarms if state(each, loud) != "ALARM"}

    assert len(alarms) > 40
    # It watches for what does not happen: data end it.
    assert before == after == {"lectern-dev-critical-sweep-silent"}


async def test_an_alarm_goes_off_where_calls_fail(cloud: LocalCloud, stack: Stack) -> None:
    speaker, _ = await stack.session()
    await stack.fault(target="dynamodb", fault="throttle", rate=1)
    for _ in range(3):  # eight calls each, of which an alarm of dev lets ten pass
        await speaker.refused("getSessionStatus", "SERVICE_UNAVAILABLE")
    await stack.end_faults()
    await stack.advance(60)

    status, table = await asyncio.to_thread(alarm_table, cloud)

    off = [line for line in table.splitlines() if line.startswith("│ ALARM ")]
    assert status == 1, table
    assert any("-throttles" in line for line in off), table


def alarm_table(cloud: LocalCloud) -> tuple[int, str]:
    """Run what `make alarms-local` runs; return its exit status and output."""
    command = [
        sys.executable,
        "-m",
        "localcloud",
        "alarms",
        "--folder",
        str(cloud.workspace.folder),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


class Described:
    """A part of an API's description, with moto's names of its fields."""

    ALIASES: ClassVar = {"name": "AlarmName", "metric_data_queries": "Metrics"}

    def __init__(self, content: Mapping[str, Any]) -> None:
        self._content = content

    def __getattr__(self, name: str) -> Any:
        aliases = self.ALIASES if "AlarmName" in self._content else {}
        key = aliases.get(name, name.title().replace("_", ""))
        value = self._content.get(key, [] if key in ("Dimensions", "Metrics") else None)
        if isinstance(value, list):
            return [Described(each) for each in value]
        return Described(value) if isinstance(value, dict) else value


def applied_alarms(cloud: LocalCloud) -> list[Any]:
    """Return the alarms of the account as moto has them."""
    with closing(cloud.address.client("cloudwatch")) as client:
        pages = client.get_paginator("describe_alarms").paginate()
        return [Described(alarm) for page in pages for alarm in page["MetricAlarms"]]


def state(alarm: Any, store: MetricStore) -> str:
    """Return the state of an alarm that is evaluated on the data points of `store`."""
    return state_of(alarm, period_values(alarm, store, END))


def emitted_by_the_code() -> list[Metric]:
    """Return the metrics that the code may emit: each error code, any value of other dimensions."""
    documents = []
    for name, dimensions in METRICS.items():
        for code in Code:
            line = MetricLine({each: code if each == "Code" else "x" for each in dimensions})
            line.add(name, 1, "Count", {})
            documents.append(line.document(0))
    return [metric for each in documents for metric, _ in data_points(each)]


def emit_everything(cloud: LocalCloud, sourced: Sourced) -> None:
    """Let the platform's code emit each of its metrics for every resource of the account."""
    context, names = sourced.context, resource_names(cloud)
    recorder = Recorder(context, sourced.permissions)
    for name in names["lambda"]:
        sourced.function(name, SAYS)
        applied = configuration(context, name)
        report = InvocationReport("id", "", 1.0, None, 1, Result(b"{}", "Unhandled"))
        recorder.event_done(applied, "stream", report)
        recorder.throttled(applied)
    for stream in ("session", "counts"):
        sourced.mapping(f"lectern-dev-on_{stream}_change", sourced.table(stream))
        sourced.put(stream, ("key", 1))
    sourced.advance(0)
    for name in names["sqs"]:
        sourced.queue(name)
    measure_queues(context, END)
    for table in names["dynamodb"]:
        emit_failed_calls(context.metrics, table)
    emit_gateway_errors(context.metrics, names)


def emit_failed_calls(store: MetricStore, table: str) -> None:
    """Count a throttled and a failed call of each operation on a table."""
    requests: dict[str, dict[str, Any]] = {each: {"TableName": table} for each in OPERATIONS}
    content = {"TransactItems": [{"Put": {"TableName": table}}]}
    for operation, request in (requests | dict.fromkeys(TRANSACTIONS, content)).items():
        for error in ("ProvisionedThroughputExceededException", "InternalServerError"):
            count_failed_call(store, 0, operation, request, error)


def emit_gateway_errors(store: MetricStore, names: dict[str, list[str]]) -> None:
    """Count a refused and a failed call, and an error of a function, for each API."""
    for api in names["apigatewayv2"]:
        handshake = SimpleNamespace(api_id=api, stage=STAGE)
        call: Any = SimpleNamespace(route="$default", handshake=handshake)
        for status in (403, 500, 502):
            count_call(store, 0, call, SimpleNamespace(status=status, from_handler=False))  # type: ignore[arg-type]
    for api in names["apigateway"]:
        count_rest_request(store, 0, api, STAGE, 500, {})


def resource_names(cloud: LocalCloud) -> dict[str, list[str]]:
    """Return the names of the account's resources as metrics have them, by service."""
    lists: dict[str, Callable[[Any], list[str]]] = {
        "lambda": lambda c: [each["FunctionName"] for each in c.list_functions()["Functions"]],
        "dynamodb": lambda c: c.list_tables()["TableNames"],
        "sqs": lambda c: [each.rsplit("/", 1)[-1] for each in c.list_queues()["QueueUrls"]],
        "apigatewayv2": lambda c: [each["ApiId"] for each in c.get_apis()["Items"]],
        "apigateway": lambda c: [each["name"] for each in c.get_rest_apis()["items"]],
    }
    found = {}
    for service, names in lists.items():
        with closing(cloud.address.client(service)) as client:
            found[service] = names(client)
    return found

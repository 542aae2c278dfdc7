"""The alarms of the running account as a table, those in alarm first."""

import json
import sys
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Column, Table

from localcloud.deploy.workspace import Workspace

MIN_WIDTH = 120
"""Columns of the output where it is no terminal; names are never cut."""
STYLES = {"ALARM": "bold red", "INSUFFICIENT_DATA": "yellow", "OK": "green"}
"""By state, in the order of the table."""


def print_alarms(workspace: Workspace) -> int:
    """Print every alarm with its state and values.

    Return the exit status: 1 if one is in alarm, 2 if no local cloud is running, else 0.
    """
    address = workspace.running()
    if address is None:
        print("No local cloud is running; `make deploy-local` starts one.", file=sys.stderr)
        return 2
    client = address.client("cloudwatch")
    pages = client.get_paginator("describe_alarms").paginate()
    alarms = [alarm for page in pages for alarm in page["MetricAlarms"]]
    client.close()
    order = list(STYLES)
    table = Table("state", Column("alarm", no_wrap=True), "values, newest first", "threshold")
    for alarm in sorted(alarms, key=lambda a: (order.index(a["StateValue"]), a["AlarmName"])):
        state = alarm["StateValue"]
        threshold = f"{alarm['ComparisonOperator']} {alarm['Threshold']:g}"
        table.add_row(f"[{STYLES[state]}]{state}[/]", alarm["AlarmName"], _values(alarm), threshold)
    Console(width=max(Console().width, MIN_WIDTH)).print(table)
    return int(any(alarm["StateValue"] == "ALARM" for alarm in alarms))


def _values(alarm: Mapping[str, Any]) -> str:
    values = json.loads(alarm.get("StateReasonData") or "{}").get("recentDatapoints")
    if values is None:
        return "not evaluated yet"
    return ", ".join("-" if value is None else f"{value:g}" for value in values)

"""`make alarms-local`: which alarms of the running local cloud are off, and on what values."""

import argparse
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import boto3
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from localcloud.deploy.workspace import Workspace
from sandbox.http.identifiers import REGION

WIDTH = 120
"""Columns, where the output is no terminal: names are compared, and so never cut."""
ORDER = ("ALARM", "INSUFFICIENT_DATA", "OK")
STYLES = {"ALARM": "bold red", "INSUFFICIENT_DATA": "yellow", "OK": "green"}
SIGNS = {
    "GreaterThanThreshold": ">",
    "GreaterThanOrEqualToThreshold": ">=",
    "LessThanThreshold": "<",
    "LessThanOrEqualToThreshold": "<=",
}


def main(arguments: Sequence[str]) -> int:
    """Prints the table; 0 if no alarm is off, 1 if one is, 2 if no local cloud runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path(".local-cloud"))
    address = Workspace(parser.parse_args(arguments).folder, "").running()
    if address is None:
        print("No local cloud runs; `make deploy-local` starts one.", file=sys.stderr)
        return 2
    client = boto3.client(
        "cloudwatch",
        endpoint_url=address.api_url,
        region_name=REGION,
        aws_access_key_id=address.access_key_id,
        aws_secret_access_key=address.secret_access_key,
    )
    kinds = ("MetricAlarm", "CompositeAlarm")
    pages = client.get_paginator("describe_alarms").paginate(AlarmTypes=kinds)
    alarms = [alarm for page in pages for kind in kinds for alarm in page[f"{kind}s"]]
    client.close()
    Console(width=max(Console().width, WIDTH)).print(table_of(alarms))
    return int(any(alarm["StateValue"] == "ALARM" for alarm in alarms))


def table_of(alarms: Iterable[Mapping[str, Any]]) -> Table:
    """What is off comes first."""
    table = Table("state", Column("alarm", no_wrap=True), "values, newest first", "off if")
    for alarm in sorted(alarms, key=lambda each: (_rank(each), each["AlarmName"])):
        state = alarm["StateValue"]
        table.add_row(
            f"[{STYLES[state]}]{state}[/]", alarm["AlarmName"], _values(alarm), _limit(alarm)
        )
    return table


def _rank(alarm: Mapping[str, Any]) -> int:
    return ORDER.index(alarm["StateValue"])


def _values(alarm: Mapping[str, Any]) -> str:
    if "AlarmRule" in alarm:
        return ""
    values = json.loads(alarm.get("StateReasonData") or "{}").get("recentDatapoints")
    if values is None:
        return "not evaluated yet"
    return ", ".join("-" if value is None else f"{value:g}" for value in values)


def _limit(alarm: Mapping[str, Any]) -> str:
    if "AlarmRule" in alarm:
        return escape(str(alarm["AlarmRule"]))
    sign = SIGNS.get(alarm["ComparisonOperator"], alarm["ComparisonOperator"])
    return f"{sign} {alarm['Threshold']:g} ({alarm['EvaluationPeriods']} x)"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""A sweep: read units and time for 1,000 connections.

`sweep_connections` over 2,000 and 20,000 open connections of which none is idle, by the real
handler on an in-memory DynamoDB, in a process of its own: `python -m bench.sweep CONNECTIONS`. Read
units follow DynamoDB's rules: an eventually consistent scan costs half a unit for each 4 KB that a
page has read, before its projection ("Read consistency", "Item sizes and formats" in the DynamoDB
Developer Guide).
"""

import json
import math
import os
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from bench.billing.capacity import size
from bench.harness import Figures, Report, interleaved, python
from chalicelib.stores.attributes import to_attributes
from tests.aws import MotoServer
from tests.crowd import crowd
from tests.stack import Stack

_TABLES = (2_000, 20_000)
_FIGURE = "read units for 1,000"
_UNIT = 4096
"""Bytes of a page that half a read unit pays for."""


def main(rounds: int = 3) -> list[Report]:
    """Return one table."""
    report = Report("A sweep", "Connections of listeners with all attributes; none is idle.")
    candidates: dict[str, Callable[[], Figures]] = {
        f"{table:,} connections": partial(python, "bench.sweep", str(table)) for table in _TABLES
    }
    report.rows = interleaved(candidates, rounds)
    large = f"{_TABLES[-1]:,} connections"
    report.require_at_most("read units for 1,000 connections", report.median(large, _FIGURE), 75)
    return [report]


def measure(connections: int) -> Figures:
    """Return the read units and the time of a sweep over so many connections."""
    with MotoServer() as server:
        aws = server.fresh("")
        os.environ.update(aws.environ)
        stack = Stack(aws, AWS_TIMEOUT_SECONDS="60")
        _, session_id = stack.session()
        crowd(stack, session_id, connections)
        items = stack.items("connections")
        sizes = {item["connectionId"]: size(to_attributes(item)) for item in items}
        units = 0.0

        def bill(operation: str, _: object, answer: Mapping[str, Any]) -> None:
            nonlocal units
            if operation == "Scan":
                looked_at = sum(sizes[item["connectionId"]["S"]] for item in answer["Items"])
                units += max(1, math.ceil(looked_at / _UNIT)) / 2

        stack.database.on_answer = bill
        start = time.perf_counter()
        swept = stack.sweep()
        elapsed = time.perf_counter() - start
    assert swept["checked"] == connections + 1
    return {_FIGURE: units / connections * 1000, "ms for 1,000": elapsed / connections * 1e6}


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))

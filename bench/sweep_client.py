"""The process that `sweep.py` measures.

python -m bench.sweep_client CONNECTIONS
"""

import json
import math
import os
import sys
import time
from collections.abc import Mapping
from typing import Any

from tests.aws import MotoServer
from tests.crowd import crowd
from tests.stack import Stack

_UNIT = 4096
"""Bytes of a page that half a read unit pays for."""


def main(connections: int) -> None:
    with MotoServer() as server:
        aws = server.fresh("")
        os.environ.update(aws.environ)
        stack = Stack(aws, AWS_TIMEOUT_SECONDS="60")
        _, session_id = stack.session()
        crowd(stack, session_id, connections)
        sizes = {item["connectionId"]: _size(item) for item in stack.items("connections")}
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
    figures = {
        "read units for 1,000": units / connections * 1000,
        "ms for 1,000": elapsed / connections * 1e6,
    }
    print(json.dumps(figures))


def _size(value: object) -> int:
    """Return the bytes of an item or a value by AWS's rules, rounded up."""
    if isinstance(value, Mapping):
        return 3 + sum(1 + len(name.encode()) + _size(each) for name, each in value.items())
    if isinstance(value, bool):
        return 1
    if isinstance(value, int | float):
        return len(str(value)) // 2 + 2
    return len(str(value).encode())


if __name__ == "__main__":
    main(int(sys.argv[1]))

"""The log of a stack on this machine: the sandbox tells of it as it happens."""

import json
from collections.abc import Iterator

import urllib3

from operate.failures import Unreachable
from operate.loglines import Json, parsed

SANDBOX = "http://127.0.0.1:8001"
_CONNECT_SECONDS = 5.0
_SILENCE_SECONDS = 60.0
"""The sandbox says something every fifteen, if only that it is there."""


def lines(sandbox: str) -> Iterator[Json]:
    """Every line from now on, until the stack ends. Raises Unreachable."""
    http = urllib3.PoolManager(retries=False)
    timeout = urllib3.Timeout(connect=_CONNECT_SECONDS, read=_SILENCE_SECONDS)
    url = f"{sandbox.rstrip('/')}/_sandbox/events"
    try:
        answer = http.request("GET", url, timeout=timeout, preload_content=False)
        for raw in answer:
            if raw.startswith(b"data: ["):
                yield from _of(json.loads(raw[len(b"data: ") :]))
    except urllib3.exceptions.HTTPError as error:
        raise Unreachable(
            f"the sandbox at {sandbox} does not tell what happens ({type(error).__name__})",
            "start the stack with `make run`, or name its socket's port with --sandbox",
        ) from None


def _of(changes: list[list[object]]) -> Iterator[Json]:
    for kind, what in changes:
        line = parsed(str(what)) if kind == "line" else None
        if line is not None:
            yield line

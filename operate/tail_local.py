"""The log of a stack on this machine, from the sandbox's event stream."""

import json
from collections.abc import Iterator

import urllib3

from operate.failures import Unreachable
from operate.loglines import Json, parsed

SANDBOX = "http://127.0.0.1:8001"
_CONNECT_SECONDS = 5.0
_SILENCE_SECONDS = 60.0
"""The sandbox sends an event at least every fifteen seconds."""


def lines(sandbox: str) -> Iterator[Json]:
    """Yield every line from now on, until the stack ends. Raises Unreachable."""
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
            f"the sandbox at {sandbox} sends no events ({type(error).__name__})",
            "start the stack with `make run`, or give its URL with --sandbox",
        ) from None


def _of(changes: list[list[object]]) -> Iterator[Json]:
    for kind, what in changes:
        line = parsed(str(what)) if kind == "line" else None
        if line is not None:
            yield line

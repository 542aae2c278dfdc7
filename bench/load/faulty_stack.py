"""A stack on this machine for a load test: that of `make run`, with faults.

It uses `DYNAMODB_URL` if that is set: `python -m tools.dynoxide python -m bench.load --here`.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from tools.local_stack import local_stack

FAULTS = (
    {"target": "management", "fault": "error"},
    {"target": "management", "fault": "duplicate"},
    {"target": "gateway", "fault": "drop", "operation": "$disconnect"},
    {"target": "gateway", "fault": "duplicate", "operation": "$disconnect"},
)
"""Faults that no participant may notice: posts fail or arrive twice, `$disconnect` is lost or
arrives twice."""


@dataclass(frozen=True)
class FaultyStack:
    """A running stack."""

    port: int
    process: int

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/local"

    def faults(self, percent: float) -> None:
        """Make this percentage of calls of each kind fail."""
        for seed, fault in enumerate(FAULTS):
            self._call("POST", "faults", {**fault, "rate": percent / 100, "seed": seed})

    def no_faults(self) -> None:
        self._call("DELETE", "faults")

    def change_physics(self, profile: str) -> None:
        """Put a profile of `/_sandbox/physics` in force."""
        self._call("POST", "physics", {"profile": profile})

    def megabytes(self) -> float:
        """Return the memory of the process in MB."""
        for line in Path(f"/proc/{self.process}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        return 0.0

    def _call(self, method: str, path: str, body: Any = None) -> None:
        data = None if body is None else json.dumps(body).encode()
        url = f"http://127.0.0.1:{self.port}/_sandbox/{path}"
        headers = {"Content-Type": "application/json"}
        urlopen(Request(url, data, headers, method=method), timeout=60).close()


@contextmanager
def faulty_stack(listeners_per_session: int) -> Iterator[FaultyStack]:
    """Start a stack on free ports, and stop it afterwards."""
    environ = {
        "LOG_LEVEL": "ERROR",
        "MAX_LISTENERS_PER_SESSION": str(listeners_per_session),
    }
    if url := os.environ.get("DYNAMODB_URL"):
        environ["AWS_ENDPOINT_URL_DYNAMODB"] = url
    with local_stack(**environ) as started:
        yield FaultyStack(started.port, started.process)

"""The lines that Lambda itself writes to a function's log, in plain text.

Worded as CloudWatch shows them. An init is billed since August 2025, so the first event's billed
duration has it in it.
"""

import math
import platform
from datetime import UTC, datetime

from localcloud.functions.configuration import Configuration
from localcloud.functions.results import InvocationReport


def init_start(_: Configuration) -> list[str]:
    """Before an instance's first line."""
    version = f"python:{platform.python_version()}.sandbox"
    return [f"INIT_START Runtime Version: {version}\tRuntime Version ARN: none"]


def start(configuration: Configuration, request_id: str) -> list[str]:
    """Before an event."""
    return [f"START RequestId: {request_id} Version: {configuration.version}"]


def end(configuration: Configuration, done: InvocationReport) -> list[str]:
    """After an event."""
    lines = [f"END RequestId: {done.request_id}", _report(configuration, done)]
    if done.result.status == "timeout":
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        seconds = f"{configuration.timeout:.2f}"
        lines.insert(0, f"{now} {done.request_id} Task timed out after {seconds} seconds")
    return lines


def _report(configuration: Configuration, done: InvocationReport) -> str:
    fields = [
        f"REPORT RequestId: {done.request_id}",
        f"Duration: {done.duration:.2f} ms",
        f"Billed Duration: {billed(done)} ms",
        f"Memory Size: {configuration.memory} MB",
        f"Max Memory Used: {done.memory} MB",
    ]
    if done.init is not None:
        fields.append(f"Init Duration: {done.init:.2f} ms")
    if done.result.status:
        fields.append(f"Status: {done.result.status}")
    if done.result.status == "error":
        fields.append(f"Error Type: {done.result.kind}")
    if trace := traced(done.trace):
        fields.append(f"XRAY TraceId: {trace}\tSampled: true")
    return "\t".join(fields)


def billed(done: InvocationReport) -> int:
    """Milliseconds that Lambda takes money for."""
    return math.ceil(done.duration + (done.init or 0))


def traced(trace: str) -> str | None:
    """The id of a trace that is sampled."""
    fields = dict(part.split("=", 1) for part in trace.split(";") if "=" in part)
    return fields.get("Root") if fields.get("Sampled") == "1" else None

"""Lambda's own lines in plain text, worded as CloudWatch shows them.

Since August 2025 an init is billed, so the billed duration of the first event includes it.
"""

import math
import platform
from datetime import UTC, datetime

from localcloud.functions.configuration import Configuration
from localcloud.functions.results import InvocationReport


def init_start(_: Configuration) -> list[str]:
    """Return the lines before an instance's first one."""
    version = f"python:{platform.python_version()}.sandbox"
    return [f"INIT_START Runtime Version: {version}\tRuntime Version ARN: none"]


def start(configuration: Configuration, request_id: str) -> list[str]:
    """Return the lines before an event."""
    return [f"START RequestId: {request_id} Version: {configuration.version}"]


def end(configuration: Configuration, done: InvocationReport) -> list[str]:
    """Return the lines after an event."""
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
        f"Billed Duration: {billed_millis(done)} ms",
        f"Memory Size: {configuration.memory} MB",
        f"Max Memory Used: {done.memory} MB",
    ]
    if done.init is not None:
        fields.append(f"Init Duration: {done.init:.2f} ms")
    if done.result.status:
        fields.append(f"Status: {done.result.status}")
    if done.result.status == "error":
        fields.append(f"Error Type: {done.result.kind}")
    if trace := sampled_trace_id(done.trace):
        fields.append(f"XRAY TraceId: {trace}\tSampled: true")
    return "\t".join(fields)


def billed_millis(done: InvocationReport) -> int:
    """Return the billed duration in milliseconds."""
    return math.ceil(done.duration + (done.init or 0))


def sampled_trace_id(trace: str) -> str | None:
    """Return the id of a trace if it is sampled."""
    fields = dict(part.split("=", 1) for part in trace.split(";") if "=" in part)
    return fields.get("Root") if fields.get("Sampled") == "1" else None

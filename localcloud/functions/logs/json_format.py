"""Lambda's own lines in JSON, and the filter of a function's lines by level.

Records are the events of "Lambda Telemetry API Event schema reference", with the levels of "System
log level event mapping". A line that a function prints is kept as it is.
"""

import json
import platform
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from localcloud.functions.configuration import Configuration
from localcloud.functions.logs.text_format import billed_millis, sampled_trace_id
from localcloud.functions.results import InvocationReport

LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
_Record = tuple[str, str, Mapping[str, Any]]
"""Level, type and content."""


def init_start(configuration: Configuration) -> list[str]:
    """Return the lines before an instance's first one."""
    record = {
        "initializationType": "on-demand",
        "phase": "init",
        "runtimeVersion": f"python:{platform.python_version()}.sandbox",
        "runtimeVersionArn": "none",
        "functionName": configuration.name,
        "functionVersion": configuration.version,
    }
    return _lines(configuration, [("INFO", "platform.initStart", record)])


def start(configuration: Configuration, request_id: str) -> list[str]:
    """Return the lines before an event."""
    record = {"requestId": request_id, "version": configuration.version}
    return _lines(configuration, [("INFO", "platform.start", record)])


def end(configuration: Configuration, done: InvocationReport) -> list[str]:
    """Return the lines after an event: a failure's are WARN, a success's INFO or DEBUG."""
    common: dict[str, Any] = {"requestId": done.request_id, "status": done.status}
    if done.result.kind:
        common["errorType"] = done.result.kind
    if sampled_trace_id(done.trace):
        common["tracing"] = {"type": "X-Amzn-Trace-Id", "value": done.trace}
    ran = {
        "durationMs": round(done.duration, 3),
        "producedBytes": 0 if done.result.error else len(done.result.payload),
    }
    used: dict[str, Any] = {
        "durationMs": round(done.duration, 3),
        "billedDurationMs": billed_millis(done),
        "memorySizeMB": configuration.memory,
        "maxMemoryUsedMB": done.memory,
    }
    if done.init is not None:
        used["initDurationMs"] = round(done.init, 3)
    good = done.status == "success"
    records = [
        ("DEBUG" if good else "WARN", "platform.runtimeDone", common | {"metrics": ran}),
        ("INFO" if good else "WARN", "platform.report", common | {"metrics": used}),
    ]
    return _lines(configuration, records)


def is_kept(line: str, least: str) -> bool:
    """Return whether a line is at the level `least` or above; without a level it is INFO."""
    return LEVELS.index(_level(line)) >= LEVELS.index(least)


def _level(line: str) -> str:
    try:
        level = json.loads(line)["level"].upper()
    except (ValueError, TypeError, KeyError, AttributeError):
        return "INFO"
    return level if level in LEVELS else "INFO"


def _lines(configuration: Configuration, records: Iterable[_Record]) -> list[str]:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    least = LEVELS.index(configuration.logging.system_level)
    return [
        json.dumps({"time": now, "type": kind, "record": record}, separators=(",", ":"))
        for level, kind, record in records
        if LEVELS.index(level) >= least
    ]

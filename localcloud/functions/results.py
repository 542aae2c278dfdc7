"""Results of events, and the errors that Lambda itself reports, in its words."""

import json
import sys
from dataclasses import dataclass

MAX_BYTES = 6 * 1024 * 1024
"""Of an event or a response."""
UNHANDLED = "Unhandled"
_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


@dataclass(frozen=True)
class InvokeResponse:
    """The response to an invocation, as the Lambda API gives it."""

    payload: bytes
    """JSON: the handler's return value, or `{"errorMessage", "errorType", "stackTrace"}`."""
    error: str | None
    """None, or the value of `X-Amz-Function-Error`: `Unhandled`."""
    request_id: str


@dataclass(frozen=True)
class Result:
    """The result of one event; `error` is the value of `X-Amz-Function-Error`."""

    payload: bytes
    error: str | None = None
    status: str | None = None
    """`timeout` or `error` as in REPORT, if Lambda ended the event and its instance."""
    kind: str | None = None
    """The type of the error, if the instance ended."""


@dataclass(frozen=True)
class InvocationReport:
    """One event as logs and metrics report it."""

    request_id: str
    trace: str
    duration: float
    """Milliseconds without the init."""
    init: float | None
    """Milliseconds of the init; None unless this was the instance's first event."""
    memory: int
    """The most that its instance has used, in megabytes."""
    result: Result

    @property
    def status(self) -> str:
        """Return the status in the Telemetry API's terms."""
        return self.result.status or ("error" if self.result.error else "success")


def responded(payload: bytes, *, is_error: bool) -> Result:
    """Return the result of an event that the function responded to."""
    if len(payload) > MAX_BYTES:
        text = f"Response payload size exceeded maximum allowed payload size ({MAX_BYTES} bytes)."
        return Result(error_payload("Function.ResponseSizeTooLarge", text), UNHANDLED)
    return Result(payload, UNHANDLED if is_error else None)


def timed_out(request_id: str, seconds: float) -> Result:
    """Return the result of an event that took longer than the time-out."""
    text = f"RequestId: {request_id} Error: Task timed out after {seconds:.2f} seconds"
    return _ended("timeout", "Sandbox.Timedout", text)


def exited(request_id: str, why: str) -> Result:
    """Return the result of an event whose process exited."""
    text = f"RequestId: {request_id} Error: Runtime exited with error: {why}"
    return _ended("error", "Runtime.ExitError", text)


def out_of_memory(request_id: str) -> Result:
    """Return the result of an event that used more memory than the function has."""
    text = f"RequestId: {request_id} Error: Runtime exited with error: signal: killed"
    return _ended("error", "Runtime.OutOfMemory", text)


def init_failed(payload: bytes) -> Result:
    """Return the result of an event whose handler could not be loaded; the runtime's payload."""
    return Result(payload, UNHANDLED, "error", "Runtime.Unknown")


def unsupported_runtime(runtime: str) -> Result:
    """Return the result where the function needs another Python; AWS has no such error."""
    text = f"Error: this machine runs python{_PYTHON}, and the function asks for {runtime}"
    return _ended("error", "Runtime.InvalidEntrypoint", text)


def _ended(status: str, kind: str, text: str) -> Result:
    return Result(error_payload(kind, text), UNHANDLED, status, kind)


def error_payload(kind: str, message: str) -> bytes:
    """Return the payload of an error that Lambda itself reports."""
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()

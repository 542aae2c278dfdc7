"""What becomes of an event, in Lambda's own words where the function could not say it."""

import json
import sys
from dataclasses import dataclass

LARGEST = 6 * 1024 * 1024
"""Bytes that an event or a response may have."""
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
    """`error` is what `X-Amz-Function-Error` says, `status` what REPORT says."""

    payload: bytes
    error: str | None = None
    status: str | None = None
    """`timeout` or `error` where Lambda ended it, and the instance with it."""
    kind: str | None = None
    """The type of the error, where the instance ended."""


@dataclass(frozen=True)
class InvocationReport:
    """What there is to report of one event."""

    request_id: str
    trace: str
    duration: float
    """Milliseconds, without the init."""
    init: float | None
    memory: int
    """Megabytes that its instance has used at most."""
    result: Result

    @property
    def status(self) -> str:
        """In the words of the Telemetry API."""
        return self.result.status or ("error" if self.result.error else "success")


def answered(payload: bytes, *, is_error: bool) -> Result:
    """The function has answered."""
    if len(payload) > LARGEST:
        text = f"Response payload size exceeded maximum allowed payload size ({LARGEST} bytes)."
        return Result(error_payload("Function.ResponseSizeTooLarge", text), UNHANDLED)
    return Result(payload, UNHANDLED if is_error else None)


def timed_out(request_id: str, seconds: float) -> Result:
    """It took too long."""
    text = f"RequestId: {request_id} Error: Task timed out after {seconds:.2f} seconds"
    return _ended("timeout", "Sandbox.Timedout", text)


def exited(request_id: str, why: str) -> Result:
    """Its process is gone."""
    text = f"RequestId: {request_id} Error: Runtime exited with error: {why}"
    return _ended("error", "Runtime.ExitError", text)


def out_of_memory(request_id: str) -> Result:
    """It used more memory than it has."""
    text = f"RequestId: {request_id} Error: Runtime exited with error: signal: killed"
    return _ended("error", "Runtime.OutOfMemory", text)


def not_loaded(payload: bytes) -> Result:
    """The runtime client could not load the handler, and says why."""
    return Result(payload, UNHANDLED, "error", "Runtime.Unknown")


def not_this_runtime(runtime: str) -> Result:
    """The sandbox's own: it has one Python only, and the zip was made for another."""
    text = f"Error: this machine runs python{_PYTHON}, and the function asks for {runtime}"
    return _ended("error", "Runtime.InvalidEntrypoint", text)


def _ended(status: str, kind: str, text: str) -> Result:
    return Result(error_payload(kind, text), UNHANDLED, status, kind)


def error_payload(kind: str, message: str) -> bytes:
    """Return the payload of an error that Lambda itself reports."""
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()

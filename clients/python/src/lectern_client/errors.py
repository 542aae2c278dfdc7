"""The one exception of this package."""

from collections.abc import Mapping, Sequence
from typing import Any

# Failures on the client's side that the next attempt may not meet.
_TRANSIENT = {
    "CONNECTION_FAILED",
    "CONNECTION_LOST",
    "TIMEOUT",
    "TOKEN_UNAVAILABLE",
    "TOO_MANY_QUEUED",
}


class LecternError(Exception):
    """An error message of the stack, a refused handshake, or a failure of the connection.

    `code` is one of PROTOCOL section 2, or one of the client's: CONNECTION_FAILED, CONNECTION_LOST,
    HANDSHAKE_REFUSED, TIMEOUT, TOKEN_UNAVAILABLE, TOO_MANY_QUEUED, CANCELLED, CLOSED.
    `status` is 0 for a failure of the connection. `retry_after` is in seconds.
    """

    def __init__(
        self,
        code: str,
        message: str = "",
        *,
        status: int = 0,
        retry_after: float | None = None,
        action: str | None = None,
        details: Sequence[Mapping[str, str]] = (),
        correlation_id: str | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}" if message else code)
        self.code = code
        self.message = message
        self.status = status
        self.retry_after = retry_after
        self.action = action
        self.details = tuple(details)
        self.correlation_id = correlation_id

    @property
    def retryable(self) -> bool:
        """True if the same request may succeed later."""
        return self.status == 429 or self.status >= 500 or self.code in _TRANSIENT

    @property
    def lost(self) -> bool:
        """True if no reply came: the request may have been carried out, or not."""
        return self.code in {"CONNECTION_LOST", "TIMEOUT"}

    @classmethod
    def from_message(cls, message: Mapping[str, Any]) -> "LecternError":
        return cls(
            message.get("code", "INTERNAL_ERROR"),
            message.get("message", ""),
            status=message.get("status", 0),
            retry_after=message.get("retryAfter"),
            action=message.get("action"),
            details=message.get("details", ()),
            correlation_id=message.get("correlationId"),
        )


def connection_lost(reason: str) -> LecternError:
    return LecternError("CONNECTION_LOST", reason)

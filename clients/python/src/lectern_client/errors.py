"""What can go wrong."""

from collections.abc import Mapping, Sequence
from typing import Any

# Failures of the client's own side that may be gone with the next attempt.
_PASSING = {
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
    `status` is 0 where the failure is the connection's. `retry_after` is in seconds.
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
        """Whether the same may succeed later."""
        return self.status == 429 or self.status >= 500 or self.code in _PASSING

    @property
    def lost(self) -> bool:
        """Whether there was no answer, so that nobody knows if the request was carried out."""
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


def connection_lost(why: str) -> LecternError:
    return LecternError("CONNECTION_LOST", why)

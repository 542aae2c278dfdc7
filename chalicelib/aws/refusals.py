"""Unsuccessful responses of AWS: which error each one is, and whether to retry.

Codes: DynamoDB "Error handling" (Programming.Errors), SQS "Common errors", API Gateway
`@connections` (GoneException 410, PayloadTooLargeException 413, LimitExceededException 429).
"""

from collections.abc import Sequence

from chalicelib.errors import (
    ConditionFailed,
    Gone,
    PayloadRefused,
    RequestRejected,
    ServiceDown,
    Throttled,
    TransactionCancelled,
    UpstreamError,
)

NO_RESPONSE = 0
"""The status of a call without a response, or with one that could not be understood."""

_THROTTLES = {
    "BandwidthLimitExceeded",
    "LimitExceededException",
    "OverLimit",
    "ProvisionedThroughputExceeded",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingError",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionInProgressException",
}
_CONTENTION = {"TransactionConflict", "TransactionConflictException"}
_CONDITION = "ConditionalCheckFailed"


class Refusal(Exception):  # noqa: N818 - it is classified before it becomes an error
    """An unsuccessful response. `error` makes of it what the caller gets after the retries."""

    def __init__(self, status: int, code: str, message: str, reasons: Sequence[str] = ()) -> None:
        super().__init__(f"{status or 'no response'} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.reasons = tuple("" if reason == "None" else reason for reason in reasons)

    @property
    def is_contention(self) -> bool:
        """Return True if another writer was in the way.

        That is soon over, and no sign of overload.
        """
        if _CONDITION in self.reasons:
            return False
        return self.code in _CONTENTION or bool(_CONTENTION.intersection(self.reasons))

    @property
    def is_throttled(self) -> bool:
        if _CONDITION in self.reasons:
            return False
        return (
            self.status == 429
            or self.code in _THROTTLES
            or bool(_THROTTLES.intersection(self.reasons))
        )

    @property
    def is_retryable(self) -> bool:
        """Return True if the same call may succeed a little later."""
        return self.is_down or self.is_throttled or self.is_contention

    @property
    def is_down(self) -> bool:
        return self.status == NO_RESPONSE or self.status >= 500

    def error(self) -> UpstreamError:
        """Return the corresponding error of `chalicelib.errors`."""
        if self.reasons:
            return TransactionCancelled(self.reasons)
        if self.code == "ConditionalCheckFailedException":
            return ConditionFailed(self.message)
        if self.status == 410:
            return Gone(self.message)
        if self.status == 413:
            return PayloadRefused(self.message)
        if self.is_throttled or self.is_contention:
            return Throttled(str(self))
        return ServiceDown(str(self)) if self.is_down else RequestRejected(str(self))

"""How an answer that is no success is judged: which error it is, and whether to try again.

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

NO_ANSWER = 0
"""The status of a call that had no answer, or one that could not be understood."""

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


class Refusal(Exception):  # noqa: N818 - it is judged before it becomes an error
    """One answer that is not a success; `error` is what the caller is given in the end."""

    def __init__(self, status: int, code: str, message: str, reasons: Sequence[str] = ()) -> None:
        super().__init__(f"{status or 'no answer'} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.reasons = tuple("" if reason == "None" else reason for reason in reasons)

    @property
    def contention(self) -> bool:
        """Whether another writer was in the way: no sign of overload, and soon over."""
        if _CONDITION in self.reasons:
            return False
        return self.code in _CONTENTION or bool(_CONTENTION.intersection(self.reasons))

    @property
    def throttled(self) -> bool:
        if _CONDITION in self.reasons:
            return False
        return (
            self.status == 429
            or self.code in _THROTTLES
            or bool(_THROTTLES.intersection(self.reasons))
        )

    @property
    def passing(self) -> bool:
        """Whether the same call may succeed a little later."""
        return self.down or self.throttled or self.contention

    @property
    def down(self) -> bool:
        return self.status == NO_ANSWER or self.status >= 500

    def error(self) -> UpstreamError:
        """The error of `chalicelib.errors` that says this."""
        if self.reasons:
            return TransactionCancelled(self.reasons)
        if self.code == "ConditionalCheckFailedException":
            return ConditionFailed(self.message)
        if self.status == 410:
            return Gone(self.message)
        if self.status == 413:
            return PayloadRefused(self.message)
        if self.throttled or self.contention:
            return Throttled(str(self))
        return ServiceDown(str(self)) if self.down else RequestRejected(str(self))

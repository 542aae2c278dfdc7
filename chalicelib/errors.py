"""The error tree: what can go wrong, and what a client is told of it.

LecternError
├── ClientError             an error message or a refused handshake (PROTOCOL 1.3 and 2)
│   ├── BadRequest          400
│   ├── Unauthorized        401
│   ├── Forbidden           403
│   ├── NotFound            404
│   ├── Conflict            409
│   ├── PayloadTooLarge     413
│   ├── RateLimited         429
│   └── Unavailable         503
└── UpstreamError           an AWS call that failed; raised by `chalicelib.aws` only
    ├── ConditionFailed     a conditional write's condition was false
    ├── TransactionCancelled    nothing of a transaction was written
    ├── Gone                the connection does not exist (any more)
    ├── PayloadRefused      the service found the request too large
    ├── Throttled           429, or a throughput error, after the retries
    ├── ServiceDown         5xx, timeout or no connection, after the retries
    └── RequestRejected     any other 4xx: a bug or a missing permission
"""

from collections.abc import Sequence
from enum import StrEnum


class Code(StrEnum):
    """The `code` of an error message; the list is PROTOCOL section 2."""

    INVALID_JSON = "INVALID_JSON"
    INVALID_MESSAGE = "INVALID_MESSAGE"
    UNKNOWN_ACTION = "UNKNOWN_ACTION"
    NOT_IN_SESSION = "NOT_IN_SESSION"
    UNAUTHORIZED = "UNAUTHORIZED"
    TOKEN_INVALID = "TOKEN_INVALID"  # noqa: S105 # nosec B105 # a code, not a secret
    TOKEN_EXPIRED = "TOKEN_EXPIRED"  # noqa: S105 # nosec B105 # a code, not a secret
    FORBIDDEN = "FORBIDDEN"
    SESSION_NOT_FOUND = "SESSION_NOT_FOUND"
    SESSION_INACTIVE = "SESSION_INACTIVE"
    REQUEST_NOT_FOUND = "REQUEST_NOT_FOUND"
    ALREADY_IN_SESSION = "ALREADY_IN_SESSION"
    BROADCAST_PAUSED = "BROADCAST_PAUSED"
    PAYLOAD_TOO_LARGE = "PAYLOAD_TOO_LARGE"
    RATE_LIMITED = "RATE_LIMITED"
    SESSION_FULL = "SESSION_FULL"
    SERVICE_UNAVAILABLE = "SERVICE_UNAVAILABLE"
    INTERNAL_ERROR = "INTERNAL_ERROR"


TRY_AGAIN = "a service that Lectern depends on did not respond: try again in a moment"
INTERNAL_ERROR = "an internal error occurred: the log has it under the correlation id"
_RETRY_SECONDS = 1


class LecternError(Exception):
    """The root of the tree."""


class ClientError(LecternError):
    """A request that is refused. The client is sent `status`, `code` and `message`.

    `details` name the offending fields and their problems. Every 400 has some; if no field is to
    blame, it is the empty one. `retry_after` is in seconds (429 and 503 only).
    """

    status = 500

    def __init__(
        self,
        code: Code,
        message: str,
        *,
        details: Sequence[tuple[str, str]] = (),
        retry_after: int | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.details = tuple(details)
        if self.status == 400 and not details:
            self.details = (("", message),)
        self.retry_after = retry_after


class BadRequest(ClientError):  # noqa: N818 - HTTP's own name
    status = 400


class Unauthorized(ClientError):  # noqa: N818
    status = 401


class Forbidden(ClientError):  # noqa: N818
    status = 403


class NotFound(ClientError):  # noqa: N818
    status = 404


class Conflict(ClientError):  # noqa: N818
    status = 409


class PayloadTooLarge(ClientError):  # noqa: N818
    status = 413


class RateLimited(ClientError):  # noqa: N818
    status = 429


class Unavailable(ClientError):  # noqa: N818
    status = 503


class UpstreamError(LecternError):
    """An AWS call that failed, after all retries that make sense."""


class ConditionFailed(UpstreamError):  # noqa: N818 - DynamoDB's own name
    """The condition of a conditional write was false; nothing was written."""


class TransactionCancelled(UpstreamError):  # noqa: N818
    """Nothing of the transaction was written.

    Args:
        reasons: one for each item, in the order of the request: `""` for an item that was fine,
            else DynamoDB's code, such as `ConditionalCheckFailed` or `TransactionConflict` (the
            latter only after the retries).
        items: the names of the items, in the same order. The wire does not know them; the store
            that built the transaction adds them.
    """

    def __init__(self, reasons: Sequence[str], items: Sequence[str] = ()) -> None:
        super().__init__(f"transaction cancelled: {', '.join(r or '-' for r in reasons)}")
        self.reasons = tuple(reasons)
        self._items = tuple(items)

    def condition_failed(self, *items: str) -> bool:
        """Return True if the condition of one of these items, by name, was false."""
        return any(self.failed_conditions(*items))

    def failed_conditions(self, *items: str) -> list[bool]:
        """Return True for each item of these names, in order, whose condition was false."""
        return [
            reason == "ConditionalCheckFailed"
            for name, reason in zip(self._items, self.reasons, strict=False)
            if name in items
        ]


class Gone(UpstreamError):  # noqa: N818
    """410: the connection does not exist, or does not exist yet (during `$connect`)."""


class PayloadRefused(UpstreamError):  # noqa: N818
    """413: larger than the service accepts in one call."""


class Throttled(UpstreamError):  # noqa: N818
    """The service asked to slow down, after all retries."""


class ServiceDown(UpstreamError):  # noqa: N818
    """No response in time, or 5xx, after all retries. The call may have been carried out."""


class RequestRejected(UpstreamError):  # noqa: N818
    """Any other refusal: a malformed request, a missing table, a missing permission."""


def client_error(error: Exception) -> ClientError:
    """Return what a client is told of an error, on a socket and by the operator API alike.

    A ClientError stays as it is. An AWS call that may succeed later becomes a 503, anything
    else a 500. Neither says what happened: that is for the log.
    """
    if isinstance(error, ClientError):
        return error
    if isinstance(error, UpstreamError) and not isinstance(error, RequestRejected):
        return Unavailable(Code.SERVICE_UNAVAILABLE, TRY_AGAIN, retry_after=_RETRY_SECONDS)
    return ClientError(Code.INTERNAL_ERROR, INTERNAL_ERROR)


def refusal_of(
    status: int,
    code: Code,
    message: str,
    *,
    details: Sequence[tuple[str, str]] = (),
    retry_after: int | None = None,
) -> ClientError:
    """Return the error that was told with these fields. `status` is that of one of the tree."""
    (kind,) = (each for each in ClientError.__subclasses__() if each.status == status)
    return kind(code, message, details=details, retry_after=retry_after)

"""The errors of the account: one tree, each with the code and HTTP status that AWS responds with.

AccountError
├── NoSuchFunctionError    404
├── TooManyRequestsError   429
├── TooLargeError          413
└── DeniedError            400
"""


class AccountError(Exception):
    """The root."""

    code = "InternalFailure"
    status = 500


class NoSuchFunctionError(AccountError):
    """No function of that name is applied."""

    code = "ResourceNotFoundException"
    status = 404


class TooManyRequestsError(AccountError):
    """The function's reserved concurrency is in use."""

    code = "TooManyRequestsException"
    status = 429


class TooLargeError(AccountError):
    """The event of an invocation has too many bytes."""

    code = "RequestTooLargeException"
    status = 413


class DeniedError(AccountError):
    """The caller's role does not allow the call; the text is IAM's."""

    code = "AccessDeniedException"
    status = 400

"""Errors as RFC 9457 has them: `application/problem+json`."""

from http import HTTPStatus

from msgspec import UNSET, UnsetType

from chalicelib.api.answers import FieldError, Problem
from chalicelib.errors import (
    BadRequest,
    ClientError,
    Code,
    RequestRejected,
    Unavailable,
    UpstreamError,
)

CONTENT_TYPE = "application/problem+json"
_TYPE = "urn:lectern:problem:"
_RETRY_SECONDS = 1

OF_FRAMEWORK = {405: "METHOD_NOT_ALLOWED", 415: "UNSUPPORTED_MEDIA_TYPE"}
"""What Chalice itself refuses, by its status."""


def refusal_of(error: Exception) -> ClientError:
    """What the caller is told of an error."""
    if isinstance(error, ClientError):
        return error
    if isinstance(error, UpstreamError) and not isinstance(error, RequestRejected):
        return Unavailable(
            Code.SERVICE_UNAVAILABLE,
            "something that the stack stands on does not answer: try again in a moment",
            retry_after=_RETRY_SECONDS,
        )
    return ClientError(Code.INTERNAL_ERROR, "something went wrong; the log has it by this id")


def problem_of(refusal: ClientError, correlation_id: str) -> Problem:
    """A refusal of ours; every 400 says which field, the empty one if it is none in particular."""
    errors: list[FieldError] | UnsetType = UNSET
    if isinstance(refusal, BadRequest):
        details = refusal.details or (("", refusal.message),)
        errors = [FieldError(field, problem) for field, problem in details]
    return Problem(
        type=_type(refusal.code.value),
        title=_title(refusal.code.value),
        status=refusal.status,
        detail=refusal.message,
        code=refusal.code.value,
        correlation_id=correlation_id,
        errors=errors,
    )


def framework_problem(status: int, correlation_id: str) -> Problem:
    """A refusal of Chalice's, before anything of ours was called."""
    code = OF_FRAMEWORK.get(status, Code.INTERNAL_ERROR.value)
    detail = {
        405: "this path has other methods: see Allow",
        415: "the body must be application/json",
    }.get(status, "something went wrong; the log has it by this id")
    return Problem(
        type=_type(code),
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        code=code,
        correlation_id=correlation_id,
    )


def _type(code: str) -> str:
    return _TYPE + code.lower().replace("_", "-")


def _title(code: str) -> str:
    return code.replace("_", " ").capitalize()

"""Errors in the form of RFC 9457, `application/problem+json`."""

from http import HTTPStatus

from msgspec import UNSET, UnsetType

from chalicelib.api.responses import FieldError, Problem
from chalicelib.errors import INTERNAL_ERROR, BadRequest, ClientError, Code

CONTENT_TYPE = "application/problem+json"
_TYPE = "urn:lectern:problem:"

OF_FRAMEWORK = {405: "METHOD_NOT_ALLOWED", 415: "UNSUPPORTED_MEDIA_TYPE"}
"""The codes of Chalice's own refusals, by status."""


def problem_of(refusal: ClientError, correlation_id: str) -> Problem:
    """Return the problem that tells a caller of one of our refusals."""
    errors: list[FieldError] | UnsetType = UNSET
    if isinstance(refusal, BadRequest):
        errors = [FieldError(field, problem) for field, problem in refusal.details]
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
    """Return the problem for a refusal by Chalice itself, before any code of ours ran."""
    code = OF_FRAMEWORK.get(status, Code.INTERNAL_ERROR.value)
    detail = {
        405: "the path does not support this method: see the Allow header",
        415: "the body must be application/json",
    }.get(status, INTERNAL_ERROR)
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

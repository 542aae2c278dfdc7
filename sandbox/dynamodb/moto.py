"""Calls of moto's DynamoDB without HTTP."""

import json
from datetime import datetime
from typing import Any

from moto.core.utils import camelcase_to_underscores
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.responses import DynamoHandler
from werkzeug.exceptions import HTTPException

from sandbox.dynamodb.model.errors import DynamoDBError, Reason, invalid


class _Handler(DynamoHandler):  # type: ignore[misc]  # moto is not followed by mypy
    """moto's request handler, with the request given to it already parsed."""

    def __init__(self, backend: DynamoDBBackend, body: dict[str, Any]) -> None:
        super().__init__()
        self.body = body
        self._local = backend

    @property
    def dynamodb_backend(self) -> DynamoDBBackend:
        return self._local


def call_moto(backend: DynamoDBBackend, operation: str, request: dict[str, Any]) -> dict[str, Any]:
    """Carry out one operation by moto, which may change `request`.

    Raises:
        DynamoDBError: moto refuses it, or has no such operation.
    """
    action = getattr(_Handler(backend, request), camelcase_to_underscores(operation), None)
    if action is None:
        raise DynamoDBError("UnknownOperationException", operation)
    try:
        result = action().result
    except HTTPException as refusal:
        raise _refusal(refusal) from refusal
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        # moto trusts its caller's SDK to have checked the shape of a request.
        raise invalid(repr(problem)) from problem
    plain: dict[str, Any] = json.loads(json.dumps(result or {}, default=_epoch))
    return plain


def _refusal(refusal: HTTPException) -> DynamoDBError:
    body = json.loads(str(refusal.description))
    reasons = [Reason(each["Code"]) for each in body.get("CancellationReasons", ())]
    code = str(body["__type"]).rpartition("#")[2]
    return DynamoDBError(code, body.get("message") or body.get("Message") or "", reasons=reasons)


def _epoch(value: Any) -> float:
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(f"{type(value).__name__} has no place in JSON")

"""DynamoDB's JSON protocol over moto's handlers, without moto's HTTP, parsing and serialising."""

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores
from moto.dynamodb.models.dynamo_type import Item
from moto.dynamodb.responses import DynamoHandler
from werkzeug.exceptions import HTTPException

from sandbox.dynamodb.expressions import NotSimpleError
from sandbox.dynamodb.moto_extensions import JournaledBackend, JournaledTable
from sandbox.dynamodb.reads import Reads
from sandbox.dynamodb.writes import Writes
from sandbox.http.identifiers import REGION

ERROR = "com.amazonaws.dynamodb.v20120810#"
TOKEN_MILLIS = 10 * 60 * 1000
"""How long the token of a transaction makes it idempotent."""

Change = Mapping[str, Any]
"""`{"table", "old", "new", "keys", "expired"}`: images as typed JSON, None where there is none;
`expired` if the time to live has deleted it."""
OnChange = Callable[[Change], None]


class DynamoDBError(Exception):
    """A refusal: HTTP status and the JSON that says why."""

    def __init__(self, status: int, body: str) -> None:
        super().__init__(body)
        self.status = status
        self.body = body


class DynamoDB:
    """All tables of one cloud. Used by one thread at a time, so every operation is atomic."""

    def __init__(self, account: str, clock: Callable[[], int], on_change: OnChange) -> None:
        self._backend = JournaledBackend(REGION, account, self._changed)
        self._reads = Reads(self._backend)
        self._writes = Writes(self._backend)
        self._clock = clock
        self._on_change = on_change
        self._tokens: dict[str, tuple[int, str]] = {}
        self._expiring = False

    def call(self, operation: str, request: dict[str, Any]) -> str:
        """Carries out one operation; `request` and the answer as in the API reference, as JSON.

        Raises:
            DynamoDBError: as DynamoDB would refuse it.
        """
        token = request.get("ClientRequestToken")
        if token and self._is_repeated(token, request):
            return "{}"
        try:
            result = self._carry_out(operation, request)
        except HTTPException as refusal:
            raise DynamoDBError(refusal.code or 400, str(refusal.description)) from refusal
        except (KeyError, TypeError, ValueError, AttributeError) as problem:
            # moto trusts its caller's SDK to have checked the shape of a request.
            raise DynamoDBError(400, _error("ValidationException", repr(problem))) from problem
        if token:
            self._tokens[token] = (self._clock() + TOKEN_MILLIS, _digest(request))
        return json.dumps(result, default=_epoch)

    def expire(self, request: dict[str, Any]) -> None:
        """Deletes an item whose time to live is over; `request` is that of DeleteItem."""
        self._expiring = True
        try:
            self.call("DeleteItem", request)
        finally:
            self._expiring = False

    def _carry_out(self, operation: str, request: dict[str, Any]) -> object:
        reading = operation in ("GetItem", "Query", "Scan")
        fast = self._reads if reading else self._writes
        try:
            return fast.call(operation, request)
        except NotSimpleError:
            pass
        handler = _Handler(self._backend, request)  # itself as long at work as a simple operation
        action: Callable[[], ActionResult] | None
        action = getattr(handler, camelcase_to_underscores(operation), None)
        if action is None:
            raise DynamoDBError(400, _error("UnknownOperationException", operation))
        return action().result

    @property
    def backend(self) -> JournaledBackend:
        """moto's backend, to be found where other services of moto look for it."""
        return self._backend

    def tables(self) -> list[JournaledTable]:
        """moto's tables, for those who look inside."""
        return list(self._backend.tables.values())

    def _is_repeated(self, token: str, request: dict[str, Any]) -> bool:
        now = self._clock()
        self._tokens = {key: known for key, known in self._tokens.items() if known[0] > now}
        if token not in self._tokens:
            return False
        if self._tokens[token][1] != _digest(request):
            text = "The token was used for another request"
            raise DynamoDBError(400, _error("IdempotentParameterMismatchException", text))
        return True

    def _changed(self, table: JournaledTable, old: Item | None, new: Item | None) -> None:
        item = old or new
        if item is None:
            return
        keys = {table.hash_key_attr: item.hash_key.to_json()}
        if table.range_key_attr:
            keys[table.range_key_attr] = item.range_key.to_json()
        images = {"old": old and _image(old), "new": new and _image(new)}
        if images["old"] != images["new"]:  # a write that changes nothing makes no record
            change = {"table": table.name, "keys": keys, **images, "expired": self._expiring}
            self._on_change(change)


class _Handler(DynamoHandler):  # type: ignore[misc]
    """moto's request handler, with the request given to it already parsed."""

    def __init__(self, backend: JournaledBackend, body: dict[str, Any]) -> None:
        super().__init__()
        self.body = body
        self._local = backend

    @property
    def dynamodb_backend(self) -> JournaledBackend:
        return self._local


def _image(item: Item) -> dict[str, Any]:
    image: dict[str, Any] = item.to_json()["Attributes"]
    return image


def _digest(request: Mapping[str, Any]) -> str:
    content = json.dumps(request.get("TransactItems"), sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def _error(name: str, message: str) -> str:
    return json.dumps({"__type": ERROR + name, "message": message})


def _epoch(value: Any) -> float:
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(f"{type(value).__name__} has no place in JSON")

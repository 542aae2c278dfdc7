"""moto: the control plane of the tables.

CreateTable, UpdateTable, tags, time to live, backups' settings, … are carried out by moto; the
database takes its tables over from moto's after each. PartiQL, backups and exports are refused:
moto has no items that they could work on.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from moto.core.utils import camelcase_to_underscores
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table as MotoTable
from moto.dynamodb.responses import DynamoHandler
from werkzeug.exceptions import HTTPException

from sandbox.dynamodb.database import Database
from sandbox.dynamodb.model.errors import DynamoDBError, invalid
from sandbox.dynamodb.model.schema import TableSchema
from sandbox.http.identifiers import REGION

_NEEDS_ITEMS = frozenset(
    (
        "BatchExecuteStatement",
        "CreateBackup",
        "ExecuteStatement",
        "ExecuteTransaction",
        "ExportTableToPointInTime",
        "ImportTable",
        "RestoreTableFromBackup",
        "RestoreTableToPointInTime",
    )
)
_LOOKS = ("Describe", "List", "Get")


class ControlPlane:
    """moto's backend of one account, whose tables are those of `database`."""

    def __init__(self, account: str, database: Database) -> None:
        self.backend = DynamoDBBackend(REGION, account)
        self._database = database

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Carry out one operation by moto.

        Raises:
            DynamoDBError: moto refuses it, or has no such operation.
        """
        if operation in _NEEDS_ITEMS:
            raise DynamoDBError("UnknownOperationException", f"{operation} is not supported here")
        answer = self._run(operation, request)
        if not operation.startswith(_LOOKS):
            self._follow()
        if operation == "DescribeTable":
            self._count(answer["Table"])
        return answer

    def ttl_attributes(self) -> Mapping[str, str]:
        """Return the attribute that holds the time to live, by table."""
        ttl = {name: table.ttl.get("AttributeName") for name, table in self._tables.items()}
        return {name: attribute for name, attribute in ttl.items() if attribute}

    @property
    def _tables(self) -> dict[str, MotoTable]:
        tables: dict[str, MotoTable] = self.backend.tables
        return tables

    def _run(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        handler = _Handler(self.backend, request)
        action = getattr(handler, camelcase_to_underscores(operation), None)
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

    def _follow(self) -> None:
        """Have the database's tables be moto's."""
        tables = self._database.tables
        for name in tables.keys() - self._tables.keys():
            del tables[name]
        for name, moto_table in self._tables.items():
            schema = TableSchema.of(name, moto_table.describe()["TableDescription"])
            if name not in tables:
                self._database.create(schema)
            elif tables[name].schema != schema:
                tables[name].reshape(schema)

    def _count(self, description: dict[str, Any]) -> None:
        items = [item for _, item in self._database.tables[description["TableName"]].scan()]
        description["ItemCount"] = len(items)
        description["TableSizeBytes"] = sum(item.size for item in items)


class _Handler(DynamoHandler):  # type: ignore[misc]  # moto is not followed by mypy
    """moto's request handler, with the request given to it already parsed."""

    def __init__(self, backend: DynamoDBBackend, body: dict[str, Any]) -> None:
        super().__init__()
        self.body = body
        self._local = backend

    @property
    def dynamodb_backend(self) -> DynamoDBBackend:
        return self._local


def _refusal(refusal: HTTPException) -> DynamoDBError:
    body = json.loads(str(refusal.description))
    code = str(body["__type"]).rpartition("#")[2]
    text = body.get("message") or body.get("Message") or ""
    return DynamoDBError(code, text)


def _epoch(value: Any) -> float:
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(f"{type(value).__name__} has no place in JSON")

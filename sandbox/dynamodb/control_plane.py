"""moto: the control plane of the tables, and the few operations on items that only moto knows.

CreateTable, UpdateTable, tags, time to live, backups' settings, … are carried out by moto; the
database takes its tables over from moto's after each. PartiQL, restores of backups and the legacy
parameters (`Expected`, `AttributesToGet`, …) are moto's too: for one call it is lent the items,
and what it did to them becomes writes of the database.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from moto.core.utils import camelcase_to_underscores
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table as MotoTable
from moto.dynamodb.responses import DynamoHandler
from werkzeug.exceptions import HTTPException

from sandbox.dynamodb.database import Database
from sandbox.dynamodb.model.errors import DynamoDBError, Reason, invalid
from sandbox.dynamodb.model.schema import TableSchema
from sandbox.dynamodb.model.storage import Table
from sandbox.http.identifiers import REGION

_ON_ITEMS = frozenset(
    (
        "BatchExecuteStatement",
        "CreateBackup",
        "ExecuteStatement",
        "ExecuteTransaction",
        "RestoreTableFromBackup",
        "RestoreTableToPointInTime",
    )
)
"""Operations that only moto knows, and for which it needs the items."""
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
        if operation in _ON_ITEMS or operation in self._database.operations:
            self._lend()
            try:
                return self._run(operation, request)
            finally:
                self._follow()
                self._take_back()
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

    def _lend(self) -> None:
        for name, table in self._database.tables.items():
            moto_table = self._tables[name]
            for attributes in table.items():
                key = [DynamoType(attributes[each]) for each in table.key_names]
                item = Item(key[0], key[-1] if len(key) > 1 else None, attributes)
                if len(key) > 1:
                    moto_table.items[key[0]][key[1]] = item
                else:
                    moto_table.items[key[0]] = item

    def _take_back(self) -> None:
        for name, table in self._database.tables.items():
            self._write_back(table, self._tables[name])
            self._tables[name].items.clear()

    def _write_back(self, table: Table, moto_table: MotoTable) -> None:
        """Make the writes that moto has made to the items that it was lent."""
        before = {repr(_key(table, each)): each for each in table.items()}
        lent = [item.to_json()["Attributes"] for item in moto_table.all_items()]
        after = {repr(_key(table, each)): each for each in lent}
        for key, item in before.items():
            if key not in after:
                self._database.replace(table, _key(table, item), None)
        for key, item in after.items():
            if before.get(key) != item:
                self._database.replace(table, _key(table, item), item)


class _Handler(DynamoHandler):  # type: ignore[misc]  # moto is not followed by mypy
    """moto's request handler, with the request given to it already parsed."""

    def __init__(self, backend: DynamoDBBackend, body: dict[str, Any]) -> None:
        super().__init__()
        self.body = body
        self._local = backend

    @property
    def dynamodb_backend(self) -> DynamoDBBackend:
        return self._local


def _key(table: Table, item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: item[name] for name in table.key_names}


def _refusal(refusal: HTTPException) -> DynamoDBError:
    body = json.loads(str(refusal.description))
    reasons = [
        Reason(each["Code"], each.get("Message"), each.get("Item"))
        for each in body.get("CancellationReasons", ())
    ]
    code = str(body["__type"]).rpartition("#")[2]
    text = body.get("message") or body.get("Message") or ""
    return DynamoDBError(code, text, item=body.get("Item"), reasons=reasons)


def _epoch(value: Any) -> float:
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(f"{type(value).__name__} has no place in JSON")

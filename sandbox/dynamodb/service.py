"""The DynamoDB that is served over HTTP: a database in memory, and moto as its control plane.

CreateTable, UpdateTable, tags, time to live, backups' settings, … are carried out by moto; the
database takes its tables over from moto's after each. PartiQL, backups and exports are refused:
moto has no items that they could work on.
"""

from collections.abc import Callable, Mapping
from typing import Any

from moto.dynamodb.models import DynamoDBBackend

from sandbox.conditions.physics import OFF, PhysicsSource
from sandbox.dynamodb.database import Database, OnChange
from sandbox.dynamodb.model.errors import DynamoDBError
from sandbox.dynamodb.model.schema import TableSchema
from sandbox.dynamodb.model.storage import Table
from sandbox.dynamodb.moto import call_moto
from sandbox.dynamodb.operations.holds import HeldTransaction
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


class DynamoDB:
    """All tables of one account. `clock` has milliseconds; `physics` are the figures in force."""

    def __init__(
        self,
        account: str,
        clock: Callable[[], int],
        on_change: OnChange,
        physics: PhysicsSource = lambda: OFF,
    ) -> None:
        self.backend = DynamoDBBackend(REGION, account)
        """moto's backend, also for those services of moto that look for it."""
        self._database = Database(clock, on_change, physics=physics)

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Carry out one operation; `request` and the result are as in the API reference, as JSON.

        Raises:
            DynamoDBError: DynamoDB would refuse it, or it is not supported.
        """
        if operation in self._database.operations:
            return self._database.call(operation, request)
        if operation in _NEEDS_ITEMS:
            raise DynamoDBError("UnknownOperationException", f"{operation} is not supported here")
        response = call_moto(self.backend, operation, request)
        if not operation.startswith(_LOOKS):
            self._follow()
        if operation == "DescribeTable":
            self._count(response["Table"])
        return response

    def hold(self, request: dict[str, Any]) -> HeldTransaction:
        """Take the first step of a TransactWriteItems: see `Database.hold`."""
        return self._database.hold(request)

    def expire(self, table: str, keys: Mapping[str, Any]) -> None:
        """Delete an item whose time to live is over."""
        self._database.expire(table, keys)

    @property
    def tables(self) -> list[Table]:
        """Every table."""
        return list(self._database.tables.values())

    def ttl_attributes(self) -> Mapping[str, str]:
        """Return the attribute that holds the time to live, by table."""
        ttl = {name: each.ttl.get("AttributeName") for name, each in self.backend.tables.items()}
        return {name: attribute for name, attribute in ttl.items() if attribute}

    def _follow(self) -> None:
        """Have the database's tables be moto's."""
        tables = self._database.tables
        for name in tables.keys() - self.backend.tables.keys():
            del tables[name]
        for name, moto_table in self.backend.tables.items():
            schema = TableSchema.of(name, moto_table.describe()["TableDescription"])
            if name not in tables:
                self._database.create(schema)
            elif tables[name].schema != schema:
                tables[name].reshape(schema)

    def _count(self, description: dict[str, Any]) -> None:
        items = [item for _, item in self._database.tables[description["TableName"]].scan()]
        description["ItemCount"] = len(items)
        description["TableSizeBytes"] = sum(item.size for item in items)

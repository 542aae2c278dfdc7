"""The DynamoDB that is served over HTTP: a database in memory, and moto as its control plane."""

from collections.abc import Callable, Mapping
from typing import Any

from moto.dynamodb.models import DynamoDBBackend

from sandbox.dynamodb.control_plane import ControlPlane
from sandbox.dynamodb.database import Database, OnChange
from sandbox.dynamodb.model.storage import Table


class DynamoDB:
    """All tables of one account. `clock` has milliseconds."""

    def __init__(self, account: str, clock: Callable[[], int], on_change: OnChange) -> None:
        self._database = Database(clock, on_change)
        self._control_plane = ControlPlane(account, self._database)

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Carry out one operation; `request` and the result are as in the API reference, as JSON.

        Raises:
            DynamoDBError: DynamoDB would refuse it.
        """
        if operation in self._database.operations:
            return self._database.call(operation, request)
        return self._control_plane.call(operation, request)

    def expire(self, table: str, keys: Mapping[str, Any]) -> None:
        """Delete an item whose time to live is over."""
        self._database.expire(table, keys)

    @property
    def backend(self) -> DynamoDBBackend:
        """moto's backend, for those services of moto that look for it."""
        return self._control_plane.backend

    @property
    def tables(self) -> list[Table]:
        """Every table."""
        return list(self._database.tables.values())

    def ttl_attributes(self) -> Mapping[str, str]:
        """Return the attribute that holds the time to live, by table."""
        return self._control_plane.ttl_attributes()

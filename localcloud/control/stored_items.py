"""The items of the account's tables, as `GET /_sandbox/state` shows them (PROTOCOL 7)."""

from typing import Any

from localcloud.context import Context
from sandbox.dynamodb.database import Change
from sandbox.dynamodb.plain import plain_item


class StoredItems:
    """Items by the label of their table: `sessions` for `lectern-dev-sessions`."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def items(self) -> dict[str, list[dict[str, Any]]]:
        """Return every item of every table as plain JSON."""

        def read() -> dict[str, list[dict[str, Any]]]:
            return {
                label(table.name): [plain_item(item) for item in table.items()]
                for table in self._context.cloud.dynamodb.tables
            }

        return self._context.cloud.run(read)

    def keys(self) -> dict[str, list[str]]:
        """Return the names of each table's key attributes."""
        tables = self._context.cloud.dynamodb.tables
        return {label(table.name): list(table.key_names) for table in tables}

    def change(self, change: Change) -> dict[str, Any]:
        """Return a write as `{"table": label, "key": {…}, "item": {…} or null}`."""
        new = change["new"]
        return {
            "table": label(change["table"]),
            "key": plain_item(change["keys"]),
            "item": new and plain_item(new),
        }


def label(table: str) -> str:
    """Return a table's name without app and stage."""
    return table.rsplit("-", 1)[-1]

"""DynamoDB in this process: every operation on items, atomic, from any thread."""

import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NotRequired, Protocol, TypedDict

from sandbox.dynamodb.model.errors import DynamoDBError, invalid
from sandbox.dynamodb.model.schema import TableSchema
from sandbox.dynamodb.model.storage import Change as StoredChange
from sandbox.dynamodb.model.storage import Table, Tables
from sandbox.dynamodb.operations.gets import prepare_batch_get, prepare_get, prepare_transact_get
from sandbox.dynamodb.operations.pages import Pages, prepare_query, prepare_scan
from sandbox.dynamodb.operations.requests import Answer, Request
from sandbox.dynamodb.operations.transactions import Tokens, TransactWrite, prepare_transact_write
from sandbox.dynamodb.operations.writes import BatchWrite, Write, prepare_batch_write, prepare_write


class Change(TypedDict):
    """One record of a table's stream: images as typed JSON, None where there is none."""

    table: str
    keys: Mapping[str, Any]
    old: Mapping[str, Any] | None
    new: Mapping[str, Any] | None
    expired: NotRequired[bool]
    """True if the time to live has deleted the item."""


OnChange = Callable[[Change], None]


class Read(Protocol):
    """A read that was prepared."""

    def run(self) -> Answer: ...


class Database:
    """All tables of one DynamoDB.

    `clock` has milliseconds. `on_change` is called for each item that a write has changed, before
    the write returns and with the lock held. `pages` says where pages end.

    Responses share their values with the tables: callers must not change them.
    """

    def __init__(
        self,
        clock: Callable[[], int],
        on_change: OnChange | None = None,
        pages: Pages = Pages(),  # noqa: B008 - it is frozen
    ) -> None:
        self.tables = Tables()
        self._on_change = on_change
        self._tokens = Tokens(clock)
        self._lock = threading.RLock()
        tables = self.tables
        self._prepare: dict[str, Callable[[Request], Read | Write | BatchWrite | TransactWrite]] = {
            "GetItem": partial(prepare_get, tables),
            "BatchGetItem": partial(prepare_batch_get, tables, most=pages.batch),
            "TransactGetItems": partial(prepare_transact_get, tables),
            "Query": partial(prepare_query, tables, pages=pages),
            "Scan": partial(prepare_scan, tables, pages=pages),
            "PutItem": partial(prepare_write, tables, "Put"),
            "UpdateItem": partial(prepare_write, tables, "Update"),
            "DeleteItem": partial(prepare_write, tables, "Delete"),
            "BatchWriteItem": partial(prepare_batch_write, tables, most=pages.batch),
            "TransactWriteItems": partial(prepare_transact_write, tables),
        }

    @property
    def operations(self) -> frozenset[str]:
        """The names of the operations that `call` knows."""
        return frozenset(self._prepare)

    def create(self, schema: TableSchema) -> Table:
        """Create a table, empty."""
        table = self.tables[schema.name] = Table(schema)
        return table

    def call(self, operation: str, request: Request) -> Answer:
        """Carry out one operation; `request` and the result are as in the API reference, as JSON.

        Raises:
            DynamoDBError: DynamoDB would refuse it.
        """
        prepare = self._prepare.get(operation)
        if prepare is None:
            raise DynamoDBError("UnknownOperationException", operation)
        try:
            prepared = prepare(request)
        except (KeyError, TypeError, ValueError, AttributeError) as problem:
            # An SDK would have refused to send that.
            raise invalid(f"The request is malformed: {problem!r}") from problem
        with self._lock:
            return self._carry_out(prepared)

    def expire(self, table: str, keys: Mapping[str, Any]) -> None:
        """Delete an item whose time to live is over."""
        write = prepare_write(self.tables, "Delete", {"TableName": table, "Key": keys})
        with self._lock:
            self._apply(write.decide(), expired=True)

    def _carry_out(self, prepared: Read | Write | BatchWrite | TransactWrite) -> Answer:
        """Do what was prepared. Every access to an item on behalf of a request passes here."""
        if isinstance(prepared, Write):
            change = prepared.decide()
            self._apply(change)
            return prepared.answer(change)
        if isinstance(prepared, TransactWrite):
            if not self._tokens.is_repeated(prepared):
                for change in prepared.decide():
                    self._apply(change)
                self._tokens.keep(prepared)
            return {}
        if isinstance(prepared, BatchWrite):
            for _, write, _ in prepared.writes[: prepared.most]:
                self._apply(write.decide())
            return prepared.unprocessed()
        return prepared.run()

    def _apply(self, change: StoredChange, *, expired: bool = False) -> None:
        table, _, old, new = change
        if old is None and new is None:
            return
        table.apply(change)
        if self._on_change is None:
            return
        before = None if old is None else old.attributes
        after = None if new is None else new.attributes
        if before != after:  # a write that changes nothing makes no record
            image = after or before or {}
            keys = {name: image[name] for name in table.key_names}
            record: Change = {
                "table": table.name,
                "keys": keys,
                "old": before,
                "new": after,
                "expired": expired,
            }
            self._on_change(record)

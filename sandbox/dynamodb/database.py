"""DynamoDB in this process: every operation on items, atomic, from any thread.

`Database.call` carries out an operation at one instant. `Database.hold` takes a transaction apart:
it is accepted and holds its items, and `HeldTransaction.write` writes and releases them. Whoever
drives the two steps decides what happens in between.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from random import Random
from typing import Any, NotRequired, TypedDict, TypeVar

from sandbox.conditions.physics import OFF, PhysicsSource
from sandbox.dynamodb.model.errors import DynamoDBError, invalid
from sandbox.dynamodb.model.schema import TableSchema
from sandbox.dynamodb.model.storage import Change as StoredChange
from sandbox.dynamodb.model.storage import Index, Table, Tables
from sandbox.dynamodb.operations.gets import (
    BatchGet,
    Get,
    TransactGet,
    prepare_batch_get,
    prepare_get,
    prepare_transact_get,
)
from sandbox.dynamodb.operations.holds import HeldTransaction, Holds
from sandbox.dynamodb.operations.pages import Paged, Pages, prepare_query, prepare_scan
from sandbox.dynamodb.operations.requests import Answer, Request
from sandbox.dynamodb.operations.throughput import Throughput
from sandbox.dynamodb.operations.transactions import Tokens, TransactWrite, prepare_transact_write
from sandbox.dynamodb.operations.writes import BatchWrite, Write, prepare_batch_write, prepare_write

T = TypeVar("T")


class Change(TypedDict):
    """One record of a table's stream: images as typed JSON, None where there is none."""

    table: str
    keys: Mapping[str, Any]
    old: Mapping[str, Any] | None
    new: Mapping[str, Any] | None
    expired: NotRequired[bool]
    """True if the time to live has deleted the item."""


OnChange = Callable[[Change], None]


Prepared = Get | Paged | BatchGet | TransactGet | Write | BatchWrite | TransactWrite
_IN_TRANSACTION = 2
"""Developer Guide, "Amazon DynamoDB Transactions: How it works": "two underlying reads or writes of
every item in the transaction: one to prepare the transaction and one to commit the transaction"."""


class Database:
    """All tables of one DynamoDB.

    `clock` has milliseconds. `on_change` is called for each item that a write has changed, before
    the write returns and with the lock held. `pages` says where pages end. Of `physics`, throughput
    and the lag of indexes hold here; latency is for the caller. `seed` decides the lags.

    Responses share their values with the tables: callers must not change them.
    """

    def __init__(
        self,
        clock: Callable[[], int],
        on_change: OnChange | None = None,
        pages: Pages = Pages(),  # noqa: B008 - it is frozen
        physics: PhysicsSource = lambda: OFF,
        seed: int = 0,
    ) -> None:
        self.tables = Tables()
        self._on_change = on_change
        self._clock = clock
        self._physics = physics
        self._random = Random(seed)  # nosec B311 # to be repeatable
        self._throughput = Throughput(clock, physics)
        self._tokens = Tokens(clock)
        self._holds = Holds()
        self._lock = threading.RLock()
        tables = self.tables
        self._prepare: dict[str, Callable[[Request], Prepared]] = {
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
        prepared = _checked(prepare, request)
        with self._lock:
            return self._carry_out(prepared)

    def hold(self, request: Request) -> HeldTransaction:
        """Take the first step of a TransactWriteItems: decide it, and hold its items.

        A request whose token was carried out already succeeds and holds nothing.

        Raises:
            DynamoDBError: it is refused, and holds nothing. TransactionCanceledException: a
                condition is false, or another transaction holds one of its items.
                TransactionInProgressException: the one with its token is held.
        """
        transaction = _checked(partial(prepare_transact_write, self.tables), request)
        with self._lock:
            changes = self._accepted(transaction)
            if changes is None:
                return HeldTransaction((), lambda _: None)
            self._holds.take(transaction.places, transaction.token)
            return HeldTransaction(transaction.places, partial(self._end, transaction, changes))

    def expire(self, table: str, keys: Mapping[str, Any]) -> None:
        """Delete an item whose time to live is over. One that is held is left to a later call."""
        write = prepare_write(self.tables, "Delete", {"TableName": table, "Key": keys})
        with self._lock:
            if write.place not in self._holds:
                self._apply(write.decide(), expired=True)

    def _carry_out(self, prepared: Prepared) -> Answer:
        """Do what was prepared. Every access to an item on behalf of a request passes here."""
        if isinstance(prepared, Write):
            change = self._decide(prepared)
            self._apply(change)
            return prepared.answer(change)
        if isinstance(prepared, TransactWrite):
            changes = self._accepted(prepared)
            if changes is not None:
                self._write(prepared, changes)
            return {}
        if isinstance(prepared, BatchWrite):
            return prepared.run(lambda write: self._apply(self._decide(write)))
        return self._read(prepared)

    def _read(self, prepared: Get | Paged | BatchGet | TransactGet) -> Answer:
        if isinstance(prepared, Get):
            return self._throughput.get(prepared)
        if isinstance(prepared, BatchGet):
            return prepared.run(self._throughput.get)
        if isinstance(prepared, TransactGet):
            return prepared.run(self._get_in_transaction)
        if isinstance(prepared.view, Index):
            prepared.view.catch_up(self._clock())
        return self._throughput.page(prepared)

    def _decide(self, write: Write, times: int = 1) -> StoredChange:
        if self._holds:
            self._holds.check(write.place)
        return self._throughput.decide(write, times)

    def _get_in_transaction(self, get: Get) -> Answer:
        self._holds.check(get.place)
        return self._throughput.get(get, _IN_TRANSACTION)

    def _accepted(self, transaction: TransactWrite) -> list[StoredChange] | None:
        """Return the changes of a transaction; None if it was carried out already."""
        self._holds.check_token(transaction.token)
        if self._tokens.is_repeated(transaction):
            return None
        return transaction.decide(lambda write: self._decide(write, _IN_TRANSACTION))

    def _write(self, transaction: TransactWrite, changes: Sequence[StoredChange]) -> None:
        for change in changes:
            self._apply(change)
        self._tokens.keep(transaction)

    def _end(
        self, transaction: TransactWrite, changes: Sequence[StoredChange], written: bool
    ) -> None:
        """End a transaction that was held."""
        with self._lock:
            self._holds.drop(transaction.places, transaction.token)
            if written:
                there = self.tables.values()
                self._write(transaction, [each for each in changes if each.table in there])

    def _lag(self) -> Callable[[], int] | None:
        """Return what chooses when an index takes a change, in ms; None for at once."""
        shortest, longest = self._physics().index_lag_ms
        if not longest:
            return None
        now, uniform = self._clock(), self._random.uniform
        return lambda: now + round(uniform(shortest, longest))

    def _apply(self, change: StoredChange, *, expired: bool = False) -> None:
        table, _, old, new = change
        if old is None and new is None:
            return
        table.apply(change, self._lag())
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


def _checked(prepare: Callable[[Request], T], request: Request) -> T:
    """Prepare a request. Raises DynamoDBError."""
    try:
        return prepare(request)
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        # An SDK would have refused to send that.
        raise invalid(f"The request is malformed: {problem!r}") from problem

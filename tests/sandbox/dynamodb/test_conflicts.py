"""Transactions that meet, held against AWS's documentation, sentence by sentence.

Sources: Developer Guide, "Amazon DynamoDB Transactions: How it works"
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html), "guide"
below; API Reference, 2012-08-10, "reference" below, whose text botocore carries.
"""

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.dynamodb.database import Change, Database
from sandbox.dynamodb.model.errors import DynamoDBError
from sandbox.dynamodb.model.schema import TableSchema
from tests.sandbox.dynamodb.calls import NAME, OTHER, add, check, keys, query, scan, transact
from tests.sandbox.dynamodb.expressions import ITEM, KEY, TABLE
from tests.sandbox.dynamodb.reference import documentation, errors

Json = dict[str, Any]
SENTENCES = [
    (
        "TransactionConflictException",
        "Operation was rejected because there is an ongoing transaction for the item.",
    ),
    ("TransactionCanceledException", "Code: TransactionConflict"),
    ("TransactionCanceledException", "Message: Transaction is ongoing for the item."),
    (
        "TransactionCanceledException",
        "There is an ongoing TransactWriteItems operation that conflicts with a concurrent "
        "TransactWriteItems request.",
    ),
    (
        "TransactionCanceledException",
        "There is an ongoing TransactGetItems operation that conflicts with a concurrent PutItem , "
        "UpdateItem , DeleteItem or TransactWriteItems request.",
    ),
    (
        "TransactionCanceledException",
        "Transaction cancellation reasons are ordered in the order of requested items",
    ),
    (
        "TransactionInProgressException",
        "The transaction with the given request token is already in progress.",
    ),
    ("TransactWriteItems", "An ongoing operation is in the process of updating the same item."),
    ("BatchWriteItem", "the failed operations are returned in the UnprocessedItems response"),
]
PUT = {"TableName": NAME, "Item": ITEM}
DELETE = {"TableName": NAME, "Key": KEY}


@pytest.fixture
def changes() -> list[Change]:
    return []


@pytest.fixture
def database(changes: list[Change]) -> Database:
    database = Database(lambda: 0, changes.append)
    database.create(TableSchema.of(NAME, TABLE))
    database.call("PutItem", PUT)
    changes.clear()
    return database


def request_of(*writes: Json, **parameters: Any) -> Json:
    """Return the request of a transaction."""
    return transact(*writes, **parameters)[1]


def update(by: int = 1) -> Json:
    return request_of({"Update": add(by)})


def n_of(database: Database) -> str:
    return str(database.call("GetItem", DELETE)["Item"]["n"]["N"])


def refusal(call: Callable[[], object]) -> DynamoDBError:
    with pytest.raises(DynamoDBError) as refused:
        call()
    return refused.value


def reasons(call: Callable[[], object]) -> list[str]:
    """Return the reasons for which a transaction was cancelled."""
    error = refusal(call)
    assert error.code == "TransactionCanceledException"
    return [reason.code for reason in error.reasons]


@pytest.mark.parametrize(("name", "sentence"), SENTENCES)
def test_the_reference_says_so(name: str, sentence: str) -> None:
    assert sentence in documentation(name)


@pytest.mark.parametrize("operation", ["PutItem", "UpdateItem", "DeleteItem"])
def test_only_plain_writes_raise_a_conflict_of_their_own(operation: str) -> None:
    assert "TransactionConflictException" in errors(operation)
    assert "TransactionConflictException" not in errors("BatchWriteItem")
    assert "TransactionConflictException" not in errors("TransactWriteItems")


@pytest.mark.parametrize(
    ("operation", "request_"), [("PutItem", PUT), ("UpdateItem", add()), ("DeleteItem", DELETE)]
)
def test_a_plain_write_conflicts_with_an_ongoing_transaction(
    database: Database, operation: str, request_: Json
) -> None:
    """Guide: "A PutItem, UpdateItem, or DeleteItem request for an item conflicts with an ongoing
    TransactWriteItems request that includes the same item." "When a PutItem, UpdateItem, or
    DeleteItem request is rejected, the request fails with a TransactionConflictException."
    """
    held = database.hold(update())

    error = refusal(lambda: database.call(operation, request_))

    assert error.code == "TransactionConflictException"
    assert error.status == 400
    held.write()
    assert n_of(database) == "6"
    database.call(operation, request_)


def test_a_transaction_conflicts_with_an_ongoing_one(database: Database) -> None:
    """Guide: "An item within a TransactWriteItems request is part of another ongoing
    TransactWriteItems request." "If any item-level request within TransactWriteItems or
    TransactGetItems is rejected, the request fails with a TransactionCanceledException."
    Reference: reasons "are ordered in the order of requested items".
    """
    held = database.hold(update())
    other = {"Put": {"TableName": NAME, "Item": OTHER}}

    error = refusal(lambda: database.hold(request_of(other, {"Update": add()})))

    assert error.to_json()["CancellationReasons"] == [
        {"Code": "None"},
        {"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"},
    ]
    assert reasons(lambda: database.call(*transact({"Update": add()}))) == ["TransactionConflict"]
    held.write()
    assert n_of(database) == "6"
    assert "Item" not in database.call("GetItem", {"TableName": NAME, "Key": OTHER})


def test_a_transaction_that_was_cancelled_holds_nothing(database: Database) -> None:
    """Guide: "either all of them succeed or none of them succeeds"."""
    held = database.hold(request_of({"Put": {"TableName": NAME, "Item": OTHER}}))
    both = request_of({"Update": add()}, {"Put": {"TableName": NAME, "Item": OTHER}})

    assert reasons(lambda: database.hold(both)) == ["None", "TransactionConflict"]

    database.call("UpdateItem", add())
    held.release()
    database.call("TransactWriteItems", both)


@pytest.mark.parametrize("first_checks", [True, False])
def test_a_condition_check_conflicts_as_a_write_does(
    database: Database, first_checks: bool
) -> None:
    """Guide: "A ConditionCheck" is an action of the transaction on its item; a conflict is between
    "item-level requests on an item within a transaction".
    """
    checks = request_of({"ConditionCheck": check("attribute_exists(id)")})
    first, second = (checks, update()) if first_checks else (update(), checks)

    held = database.hold(first)

    assert reasons(lambda: database.hold(second)) == ["TransactionConflict"]
    held.write()
    database.hold(second).write()


def test_items_refuse_each_for_itself(database: Database) -> None:
    """Reference, CancellationReasons: one for each item. A held item says that it is held, whatever
    the condition; another one says that its condition is false.

    "Distributed Transactions at Scale in Amazon DynamoDB" (USENIX ATC 2023), 3.2: each storage node
    accepts or rejects the write of its own item.
    """
    database.hold(update())
    request = request_of(
        {"ConditionCheck": check("attribute_not_exists(id)")},
        {"ConditionCheck": check("attribute_exists(id)", OTHER)},
    )

    found = reasons(lambda: database.hold(request))

    assert found == ["TransactionConflict", "ConditionalCheckFailed"]


def test_a_transactional_read_conflicts(database: Database) -> None:
    """Guide: "An item within a TransactGetItems request is part of an ongoing TransactWriteItems
    […] request."
    """
    gets = {"TransactItems": [{"Get": {"TableName": NAME, "Key": key}} for key in (OTHER, KEY)]}
    held = database.hold(update())

    found = reasons(lambda: database.call("TransactGetItems", gets))

    assert found == ["None", "TransactionConflict"]
    held.write()
    assert database.call("TransactGetItems", gets)["Responses"][1]["Item"]["n"] == {"N": "6"}


@pytest.mark.parametrize("consistent", [True, False])
def test_other_reads_see_the_state_before_and_are_never_refused(
    database: Database, consistent: bool
) -> None:
    """Guide: GetItem is serialised "either before or after the TransactWriteItems request";
    "Read-committed isolation ensures that read operations always return committed values for an
    item - the read will never present a view to the item representing a state from a transactional
    write which did not ultimately succeed."
    """
    batch = {"RequestItems": {NAME: {"Keys": [KEY], "ConsistentRead": consistent}}}
    calls: list[tuple[str, Json]] = [
        ("GetItem", DELETE | {"ConsistentRead": consistent}),
        ("Scan", scan()[1] | {"ConsistentRead": consistent}),
        ("Query", query(IndexName="by-g")[1]),
        ("BatchGetItem", batch),
    ]
    before = [database.call(*call) for call in calls]

    held = database.hold(update())

    assert [database.call(*call) for call in calls] == before
    held.write()
    assert [database.call(*call) for call in calls] != before


def test_a_batch_returns_writes_that_conflict_as_unprocessed(database: Database) -> None:
    """Guide: "serializable isolation between transactional operations and each individual standard
    writes in a BatchWriteItem operation". Reference, BatchWriteItem: TransactionConflictException
    is none of its errors; "the failed operations are returned in the UnprocessedItems response
    parameter."
    """
    held = database.hold(update())
    first, second = [{"PutRequest": {"Item": item}} for item in (ITEM, OTHER)]
    batch = {"RequestItems": {NAME: [first, second]}}

    answer = database.call("BatchWriteItem", batch)

    assert answer["UnprocessedItems"] == {NAME: [first]}
    assert database.call("GetItem", {"TableName": NAME, "Key": OTHER})["Item"] == OTHER
    held.write()
    assert database.call("BatchWriteItem", batch)["UnprocessedItems"] == {}


def test_a_repeated_token_is_in_progress_and_then_done(
    database: Database, changes: list[Change]
) -> None:
    """Reference: TransactionInProgressException, "The transaction with the given request token is
    already in progress." Guide: a repeated call with the token of one that completed "returns
    successfully without making any changes".
    """
    request = request_of({"Update": add()}, ClientRequestToken="t")
    held = database.hold(request)

    assert refusal(lambda: database.hold(request)).code == "TransactionInProgressException"
    assert (
        refusal(lambda: database.call("TransactWriteItems", request)).code
        == "TransactionInProgressException"
    )

    held.write()
    again = database.hold(request)
    assert again.places == frozenset()
    database.call("UpdateItem", add())
    assert again.write() == {}
    assert [change["new"] and change["new"]["n"]["N"] for change in changes] == ["6", "7"]


def test_the_stream_has_a_transaction_once_it_is_written(
    database: Database, changes: list[Change]
) -> None:
    """Guide: "Once a transaction completes, changes made within that transaction are propagated to
    global secondary indexes (GSIs), streams, and backups."
    """
    held = database.hold(update())
    assert changes == []
    held.write()
    assert len(changes) == 1
    held.write()
    held.release()
    assert len(changes) == 1


def test_a_transaction_that_is_given_up_can_be_tried_again(database: Database) -> None:
    request = request_of({"Update": add()}, ClientRequestToken="t")
    database.hold(request).release()

    database.call("TransactWriteItems", request)

    assert n_of(database) == "6"


def test_an_expired_item_that_is_held_stays_for_now(database: Database) -> None:
    held = database.hold(update())
    database.expire(NAME, KEY)
    held.write()
    assert n_of(database) == "6"
    database.expire(NAME, KEY)
    assert "Item" not in database.call("GetItem", DELETE)


def test_a_table_that_is_deleted_takes_a_held_transaction_with_it(
    database: Database, changes: list[Change]
) -> None:
    held = database.hold(update())
    del database.tables[NAME]
    database.create(TableSchema.of(NAME, TABLE))

    held.write()

    assert database.call("Scan", {"TableName": NAME})["Items"] == []
    assert changes == []


def test_transactions_over_different_items_do_not_meet(database: Database) -> None:
    held = [database.hold(request_of({"Put": {"TableName": NAME, "Item": key}})) for key in keys(3)]
    for each in reversed(held):
        each.write()
    assert len(database.call("Scan", {"TableName": NAME})["Items"]) == 4

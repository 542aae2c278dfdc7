"""The guarantees of the database in memory, beside its expressions."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chalicelib.aws.refusals import Refusal
from sandbox.dynamodb.database import Change, Database
from sandbox.dynamodb.model.errors import DynamoDBError
from sandbox.dynamodb.model.schema import TableSchema
from sandbox.dynamodb.operations.pages import Pages
from tests.sandbox.dynamodb.calls import CALLS, NAME, OTHER, add, check, keys, query, scan, transact
from tests.sandbox.dynamodb.expressions import ITEM, KEY, TABLE
from tests.sandbox.dynamodb.twins import Reference, Twins, outcome


class Clock:
    now = 1_700_000_000_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def changes() -> list[Change]:
    return []


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(clock: Clock, changes: list[Change]) -> Database:
    database = Database(clock, changes.append)
    database.create(TableSchema.of(NAME, TABLE))
    database.call("PutItem", {"TableName": NAME, "Item": ITEM})
    changes.clear()
    return database


def n_of(database: Database) -> str:
    item = database.call("GetItem", {"TableName": NAME, "Key": KEY})["Item"]
    return str(item["n"]["N"])


def test_another_dynamodb_says_the_same_of_every_call(another_one: Reference) -> None:
    for name, (operation, request) in CALLS.items():
        twins = Twins(another_one, TABLE, [ITEM])
        ours, theirs = twins.both(operation, request)
        assert ours == theirs, name
        assert twins.items(twins.ours) == twins.items(twins.reference), name


def test_a_condition_that_fails_returns_the_item_if_asked(database: Database) -> None:
    request = check("n = s", ReturnValuesOnConditionCheckFailure="ALL_OLD")

    with pytest.raises(DynamoDBError) as failed:
        database.call("DeleteItem", request)
    with pytest.raises(DynamoDBError) as cancelled:
        database.call(*transact({"ConditionCheck": request}))

    assert failed.value.to_json()["Item"] == ITEM
    assert cancelled.value.to_json()["CancellationReasons"] == [
        {
            "Code": "ConditionalCheckFailed",
            "Message": "The conditional request failed",
            "Item": ITEM,
        }
    ]


def test_a_token_makes_a_transaction_happen_once_in_ten_minutes(
    database: Database, clock: Clock
) -> None:
    operation, request = transact({"Update": add()}, ClientRequestToken="t")

    for later in (0, 599_999, 600_000):
        clock.now = Clock.now + later
        database.call(operation, request)

    assert n_of(database) == "7"
    with pytest.raises(DynamoDBError, match="IdempotentParameterMismatch"):
        database.call(*transact({"Update": add(2)}, ClientRequestToken="t"))


def test_a_transaction_that_was_cancelled_may_be_tried_again_with_its_token(
    database: Database,
) -> None:
    operation, request = transact(
        {"Update": add()},
        {"ConditionCheck": check("attribute_exists(id)", OTHER)},
        ClientRequestToken="t",
    )
    with pytest.raises(DynamoDBError, match="TransactionCanceled"):
        database.call(operation, request)
    database.call("PutItem", {"TableName": NAME, "Item": OTHER})

    database.call(operation, request)

    assert n_of(database) == "6"


def test_each_write_makes_one_record_with_both_images(
    database: Database, changes: list[Change]
) -> None:
    database.call("UpdateItem", add())
    database.call("UpdateItem", add(0))
    database.call(*transact({"Put": {"TableName": NAME, "Item": OTHER}}, {"Update": add()}))
    database.call("DeleteItem", {"TableName": NAME, "Key": OTHER})
    database.call("DeleteItem", {"TableName": NAME, "Key": OTHER})
    database.expire(NAME, KEY)

    told = [
        (
            change["keys"]["id"]["S"],
            change["old"] and change["old"].get("n"),
            change["new"] and change["new"].get("n"),
            change["expired"],
        )
        for change in changes
    ]
    assert told == [
        ("a", {"N": "5"}, {"N": "6"}, False),
        ("b", None, None, False),
        ("a", {"N": "6"}, {"N": "7"}, False),
        ("b", None, None, False),
        ("a", {"N": "7"}, None, True),
    ]


def test_what_is_refused_makes_no_record(database: Database, changes: list[Change]) -> None:
    with pytest.raises(DynamoDBError):
        database.call(
            *transact({"Update": add()}, {"ConditionCheck": check("attribute_exists(q)")})
        )
    assert changes == []


def test_a_stored_item_does_not_change_with_the_request_that_put_it() -> None:
    item = {**KEY, "m": {"M": {"x": {"L": [{"N": "1"}]}}}}
    database = Twins.alone(TABLE, [item])
    item["m"]["M"]["x"]["L"].append({"N": "2"})  # type: ignore[index]

    stored = database("GetItem", {"TableName": NAME, "Key": KEY})["Item"]

    assert stored["m"] == {"M": {"x": {"L": [{"N": "1"}]}}}


@pytest.mark.parametrize("index", [None, "by-g"])
def test_short_pages_leave_nothing_out(index: str | None) -> None:
    database = Database(lambda: 0, pages=Pages(items=2, batch=3))
    database.create(TableSchema.of(NAME, TABLE))
    for number in range(7):
        item = {"id": {"S": str(number)}, "seq": {"N": "1"}, "g": {"S": "g"}}
        database.call("PutItem", {"TableName": NAME, "Item": item})
    request = query(IndexName=index)[1] if index else scan()[1]
    found: list[str] = []
    pages = 0

    while True:
        page = database.call("Query" if index else "Scan", request)
        found += [item["id"]["S"] for item in page["Items"]]
        pages += 1
        if "LastEvaluatedKey" not in page:
            break
        request["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    assert sorted(found) == [str(number) for number in range(7)]
    assert pages == 4


def test_a_batch_leaves_what_is_too_much() -> None:
    short = Database(lambda: 0, pages=Pages(batch=2))
    short.create(TableSchema.of(NAME, TABLE))
    puts = [{"PutRequest": {"Item": key}} for key in keys(3)]

    written = short.call("BatchWriteItem", {"RequestItems": {NAME: puts}})
    got = short.call(
        "BatchGetItem", {"RequestItems": {NAME: {"Keys": keys(3), "ConsistentRead": True}}}
    )

    assert written["UnprocessedItems"] == {NAME: puts[2:]}
    assert got["Responses"] == {NAME: keys(2)}
    assert got["UnprocessedKeys"] == {NAME: {"Keys": keys(3)[2:], "ConsistentRead": True}}


@pytest.mark.parametrize(
    "call", [lambda each: ("UpdateItem", each), lambda each: transact({"Update": each})]
)
def test_writes_of_many_threads_are_all_made(
    database: Database, call: Callable[[dict[str, Any]], tuple[str, dict[str, Any]]]
) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: database.call(*call(add())), range(400)))

    assert n_of(database) == "405"


@pytest.mark.parametrize(
    "request_",
    [
        {"TableName": NAME, "Key": KEY, "Unknown": 1},
        {"TableName": NAME, "Key": [1]},
        {"TableName": NAME, "Key": {"id": 1, "seq": 2}},
        {"TableName": NAME, "Key": KEY, "AttributesToGet": ["n"]},
    ],
)
def test_a_malformed_request_is_refused(request_: dict[str, Any]) -> None:
    code, _ = outcome(Twins.alone(TABLE, []), "GetItem", request_)
    assert code in ("ValidationException", "SerializationException")


def test_an_unknown_operation_is_refused(database: Database) -> None:
    with pytest.raises(DynamoDBError, match="UnknownOperation"):
        database.call("Juggle", {})


def test_the_port_raises_what_the_wires_raise() -> None:
    with pytest.raises(Refusal) as refused:
        Twins.alone(TABLE, [])(*transact({"ConditionCheck": check("attribute_exists(id)")}))
    assert refused.value.reasons == ("ConditionalCheckFailed",)

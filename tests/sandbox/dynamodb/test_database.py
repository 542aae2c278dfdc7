"""What a database in memory promises beside its expressions."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chalicelib.aws.refusals import Refusal
from sandbox.dynamodb.database import Change, Database
from sandbox.dynamodb.model.errors import DynamoDBError
from sandbox.dynamodb.model.schema import TableSchema
from sandbox.dynamodb.model.values import MAX_ITEM_BYTES
from sandbox.dynamodb.operations.pages import Pages
from tests.sandbox.dynamodb.expressions import ITEM, KEY, TABLE
from tests.sandbox.dynamodb.twins import Reference, Twins, outcome

NAME = TABLE["TableName"]
OTHER = {"id": {"S": "b"}, "seq": {"N": "2"}}


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


def add(number: int = 1, **key: Any) -> dict[str, Any]:
    return {
        "TableName": NAME,
        "Key": key or KEY,
        "UpdateExpression": "ADD n :v",
        "ExpressionAttributeValues": {":v": {"N": str(number)}},
    }


def check(condition: str, key: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"TableName": NAME, "Key": key or KEY, "ConditionExpression": condition, **more}


def n_of(database: Database) -> str:
    item = database.call("GetItem", {"TableName": NAME, "Key": KEY})["Item"]
    return str(item["n"]["N"])


def deep(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {"S": "x"}
    for _ in range(levels):
        value = {"M": {"a": value}}
    return value


def put(**attributes: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return "PutItem", {"TableName": NAME, "Item": {**KEY, **attributes}}


def get(**more: Any) -> tuple[str, dict[str, Any]]:
    return "GetItem", {"TableName": NAME, "Key": KEY, **more}


def query(**more: Any) -> tuple[str, dict[str, Any]]:
    index = more.get("IndexName")
    request = {
        "TableName": NAME,
        "KeyConditionExpression": "g = :h" if index else "id = :h",
        "ExpressionAttributeValues": {":h": {"S": "g" if index else "a"}},
    }
    return "Query", {**request, **more}


def scan(**more: Any) -> tuple[str, dict[str, Any]]:
    return "Scan", {"TableName": NAME, **more}


def transact(*items: dict[str, Any], **more: Any) -> tuple[str, dict[str, Any]]:
    return "TransactWriteItems", {"TransactItems": list(items), **more}


def keys(count: int) -> list[dict[str, Any]]:
    return [{"id": {"S": "z"}, "seq": {"N": str(number)}} for number in range(count)]


FULL = MAX_ITEM_BYTES - len("idaseqx") - 2
CALLS = {
    "a number is normalised": put(x={"N": "01.50e2"}),
    "a number of 38 digits": put(x={"N": "1" * 38}),
    "a number of 39 digits": put(x={"N": "1" * 39}),
    "the largest magnitude": put(x={"N": "1e125"}),
    "too large a number": put(x={"N": "1e126"}),
    "the smallest magnitude": put(x={"N": "-1e-130"}),
    "too small a number": put(x={"N": "1e-131"}),
    "no number": put(x={"N": "abc"}),
    "an empty text": put(x={"S": ""}),
    "an empty set": put(x={"SS": []}),
    "a set with a duplicate": put(x={"SS": ["a", "a"]}),
    "no type": put(x={}),
    "two types": put(x={"S": "a", "N": "1"}),
    "a type that is not there": put(x={"X": "a"}),
    "null that is false": put(x={"NULL": False}),
    "31 levels": put(x=deep(31)),
    "32 levels": put(x=deep(32)),
    "400 KB": put(x={"S": "x" * FULL}),
    "over 400 KB": put(x={"S": "x" * (FULL + 1)}),
    "an update to over 400 KB": (
        "UpdateItem",
        {
            "TableName": NAME,
            "Key": KEY,
            "UpdateExpression": "SET x = :x",
            "ExpressionAttributeValues": {":x": {"S": "x" * FULL}},
        },
    ),
    "an index key of another type": put(g={"N": "1"}),
    "an empty index key": put(g={"S": ""}),
    "an item without its range key": ("PutItem", {"TableName": NAME, "Item": {"id": KEY["id"]}}),
    "a key of another type": get(Key={**KEY, "id": {"N": "1"}}),
    "an empty key": get(Key={**KEY, "id": {"S": ""}}),
    "a key with more": get(Key=ITEM),
    "half a key": get(Key={"id": {"S": "a"}}),
    "a key by its value": get(Key={**KEY, "seq": {"N": "1.0"}}),
    "no key": ("GetItem", {"TableName": NAME}),
    "a table that is not there": get(TableName="nowhere"),
    "a name that is not used": get(
        ProjectionExpression="n", ExpressionAttributeNames={"#n": "n", "#m": "m"}
    ),
    "names without an expression": get(ExpressionAttributeNames={"#n": "n"}),
    "an update without an expression": (
        "UpdateItem",
        {"TableName": NAME, "Key": OTHER, "ReturnValues": "ALL_NEW"},
    ),
    "values without an expression": (
        "PutItem",
        {"TableName": NAME, "Item": ITEM, "ExpressionAttributeValues": {":v": {"N": "1"}}},
    ),
    "old values of a put": ("PutItem", {"TableName": NAME, "Item": KEY, "ReturnValues": "ALL_OLD"}),
    "new values of a put": ("PutItem", {"TableName": NAME, "Item": KEY, "ReturnValues": "ALL_NEW"}),
    "old values of a delete": (
        "DeleteItem",
        {"TableName": NAME, "Key": KEY, "ReturnValues": "ALL_OLD"},
    ),
    "updated values": ("UpdateItem", {**add(), "ReturnValues": "UPDATED_NEW"}),
    "values before an update": ("UpdateItem", {**add(), "ReturnValues": "UPDATED_OLD"}),
    "an index": query(IndexName="by-g"),
    "an index, consistently": query(IndexName="by-g", ConsistentRead=True),
    "an index that is not there": query(IndexName="nothing"),
    "all attributes of an index": query(IndexName="by-g", Select="ALL_ATTRIBUTES"),
    "projected attributes": query(IndexName="by-g", Select="ALL_PROJECTED_ATTRIBUTES"),
    "projected attributes of a table": query(Select="ALL_PROJECTED_ATTRIBUTES"),
    "a filter on what is not projected": query(
        IndexName="by-g", FilterExpression="attribute_exists(s)"
    ),
    "a filter on a key": query(FilterExpression="attribute_exists(seq)"),
    "a count": query(Select="COUNT"),
    "a limit": query(Limit=1),
    "a limit of nothing": query(Limit=0),
    "a page behind the end": query(ExclusiveStartKey=KEY),
    "backwards": query(ExclusiveStartKey={**KEY, "seq": {"N": "3"}}, ScanIndexForward=False),
    "a page from half a key": query(ExclusiveStartKey={"id": {"S": "a"}}),
    "a page of an index from a key": query(IndexName="by-g", ExclusiveStartKey=KEY),
    "the last key of an index": query(IndexName="by-g", Limit=1),
    "a scan": scan(),
    "a scan of an index": scan(IndexName="by-g"),
    "a scan by a filter": scan(
        FilterExpression="n = :v", ExpressionAttributeValues={":v": {"N": "6"}}
    ),
    "a segment without the number of them": scan(Segment=0),
    "a segment of another number": scan(Segment=1, TotalSegments=1),
    "a batch of reads": (
        "BatchGetItem",
        {"RequestItems": {NAME: {"Keys": [KEY, OTHER], "ProjectionExpression": "n"}}},
    ),
    "a batch that reads an item twice": (
        "BatchGetItem",
        {"RequestItems": {NAME: {"Keys": [KEY, KEY]}}},
    ),
    "a batch of 101 reads": ("BatchGetItem", {"RequestItems": {NAME: {"Keys": keys(101)}}}),
    "a batch of nothing": ("BatchGetItem", {"RequestItems": {}}),
    "a batch of writes": (
        "BatchWriteItem",
        {
            "RequestItems": {
                NAME: [{"PutRequest": {"Item": OTHER}}, {"DeleteRequest": {"Key": KEY}}]
            }
        },
    ),
    "a batch that writes an item twice": (
        "BatchWriteItem",
        {"RequestItems": {NAME: [{"PutRequest": {"Item": KEY}}, {"DeleteRequest": {"Key": KEY}}]}},
    ),
    "a batch of 26 writes": (
        "BatchWriteItem",
        {"RequestItems": {NAME: [{"DeleteRequest": {"Key": key}} for key in keys(26)]}},
    ),
    "a transaction": transact(
        {"Update": add()}, {"ConditionCheck": check("attribute_not_exists(id)", OTHER)}
    ),
    "a transaction whose check fails": transact(
        {"Update": add()}, {"ConditionCheck": check("attribute_exists(id)", OTHER)}
    ),
    "a transaction that its item refuses": transact(
        {"Update": {**add(), "UpdateExpression": "ADD s :v"}},
        {"Put": {"TableName": NAME, "Item": OTHER}},
    ),
    "a transaction with a wrong index key": transact(
        {"Put": {"TableName": NAME, "Item": {**OTHER, "g": {"N": "1"}}}}
    ),
    "a transaction with half a key": transact(
        {"Delete": {"TableName": NAME, "Key": {"id": {"S": "a"}}}}
    ),
    "an item twice in a transaction": transact(
        {"Update": add()}, {"Delete": {"TableName": NAME, "Key": KEY}}
    ),
    "a transaction of nothing": transact(),
    "a transaction of 100": transact(
        *({"Delete": {"TableName": NAME, "Key": key}} for key in keys(100))
    ),
    "a transaction of 101": transact(
        *({"Delete": {"TableName": NAME, "Key": key}} for key in keys(101))
    ),
    "too long a token": transact({"Update": add()}, ClientRequestToken="t" * 37),
    "a transaction of reads": (
        "TransactGetItems",
        {"TransactItems": [{"Get": {"TableName": NAME, "Key": key}} for key in (KEY, OTHER)]},
    ),
    "a transaction that reads an item twice": (
        "TransactGetItems",
        {"TransactItems": [{"Get": {"TableName": NAME, "Key": key}} for key in (KEY, KEY)]},
    ),
}


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

"""Throttling of items and partitions, and indexes that lag, held against AWS's documentation.

Sources: Developer Guide, "DynamoDB read and write operations" ("units" below), "Best practices for
designing and using partition keys effectively" and "Burst and adaptive capacity" ("partitions"),
"Amazon DynamoDB Transactions: How it works" ("transactions"), "Key range throughput exceeded (hot
partitions)" ("throttling"), "Using Global Secondary Indexes in DynamoDB" ("indexes"); API
Reference, 2012-08-10 ("reference"), whose text botocore carries.
"""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.aws.refusals import Refusal
from sandbox.conditions.physics import AWS, OFF, Physics
from sandbox.dynamodb.database import Database
from sandbox.dynamodb.model.errors import DynamoDBError
from sandbox.dynamodb.model.schema import TableSchema
from tests.invariants.memory import InProcess
from tests.sandbox.dynamodb.calls import NAME, OTHER, add, check, query, scan, transact
from tests.sandbox.dynamodb.expressions import ITEM, KEY, TABLE
from tests.sandbox.dynamodb.reference import documentation

Json = dict[str, Any]
Call = Callable[[], object]
LIMITED = replace(OFF, item_writes_per_second=10, partition_reads_per_second=10)
LAGGING = replace(OFF, index_lag_ms=(20, 200))
SENTENCES = [
    ("TransactionCanceledException", "Code: ThrottlingError"),
    (
        "TransactionCanceledException",
        "This message is returned when writes get throttled on an On-Demand table",
    ),
    ("ThrottlingException", "The request was denied due to request throttling."),
    (
        "BatchWriteItem",
        "If BatchWriteItem cannot process any items due to throttling (for example, insufficient "
        "provisioned throughput on the tables in the request, or partition-level or account-level "
        "limits), it returns a ProvisionedThroughputExceededException or a ThrottlingException",
    ),
    (
        "BatchGetItem",
        "If at least one of the items is successfully processed, then BatchGetItem completes "
        "successfully, while returning the keys of the unread items in UnprocessedKeys",
    ),
    ("Query", "Global secondary indexes support eventually consistent reads only"),
    (
        "Query",
        "Queries that do not return results consume the minimum number of read capacity units",
    ),
]


class Stage:
    """A database whose physics and clock a test sets."""

    def __init__(self, physics: Physics) -> None:
        self.now = 1_000_000
        self.physics = physics
        self.database = Database(lambda: self.now, physics=lambda: self.physics)
        self.database.create(TableSchema.of(NAME, TABLE))
        self.put(ITEM)

    def put(self, item: Json) -> Json:
        return self.database.call("PutItem", {"TableName": NAME, "Item": item})

    def wait(self) -> None:
        """Let a minute pass, so that all throughput is there again."""
        self.now += 60_000

    def times(self, call: Call) -> int:
        """Return how often a call succeeds in one instant, before it is throttled."""
        self.wait()
        made = 0
        while _succeeds(call):
            made += 1
        return made

    def get(self, **more: Any) -> Call:
        request = {"TableName": NAME, "Key": KEY, **more}
        return lambda: self.database.call("GetItem", request)

    def shown(self) -> list[str]:
        """Return `n` of each item as the index has it."""
        items = self.database.call("Scan", scan(IndexName="by-g")[1])["Items"]
        return [item["n"]["N"] for item in items if "n" in item]


@pytest.fixture
def limited() -> Stage:
    return Stage(LIMITED)


@pytest.fixture
def lagging() -> Stage:
    stage = Stage(LAGGING)
    stage.wait()
    return stage


@pytest.mark.parametrize(("name", "sentence"), SENTENCES)
def test_the_reference_says_so(name: str, sentence: str) -> None:
    assert sentence in documentation(name)


def test_one_item_takes_so_many_writes_a_second(limited: Stage) -> None:
    """Partitions: "every partition in a DynamoDB table is designed to deliver a maximum capacity of
    3,000 read units per second and 1,000 write units per second."
    """
    assert (AWS.item_writes_per_second, AWS.partition_reads_per_second) == (1000, 3000)
    update: Call = lambda: limited.database.call("UpdateItem", add())  # noqa: E731

    assert limited.times(update) == 10

    with pytest.raises(DynamoDBError, match="ThrottlingException"):
        update()
    limited.put(OTHER)
    limited.now += 500
    assert sum(_succeeds(update) for _ in range(10)) == 5


def test_a_refusal_names_its_reason(limited: Stage) -> None:
    """Throttling: "When individual partitions exceed their throughput limits, DynamoDB returns a
    KeyRangeThroughputExceeded throttling reason type". Reference, ThrottlingReason: "The throttling
    reason follows a specific format: ResourceType+OperationType+LimitType".
    """
    calls = {
        "TableWriteKeyRangeThroughputExceeded": ("UpdateItem", add()),
        "TableReadKeyRangeThroughputExceeded": ("GetItem", {"TableName": NAME, "Key": KEY}),
        "IndexReadKeyRangeThroughputExceeded": query(IndexName="by-g"),
    }
    for reason, call in calls.items():
        limited.times(lambda call=call: limited.database.call(*call))  # type: ignore[misc]
        with pytest.raises(DynamoDBError) as throttled:
            limited.database.call(*call)
        assert throttled.value.to_json()["throttlingReasons"] == [{"reason": reason}]
        with pytest.raises(Refusal) as refused:
            InProcess(limited.database.call)(*call)
        assert refused.value.is_throttled
        assert refused.value.is_retryable


def test_reads_and_writes_are_throttled_apart(limited: Stage) -> None:
    """Throttling: "a partition may throttle reads while writes continue normally, or vice versa."""
    limited.times(lambda: limited.database.call("UpdateItem", add()))
    limited.get()()


@pytest.mark.parametrize(("size", "writes"), [(10, 10), (900, 10), (1100, 5), (5000, 2)])
def test_a_write_costs_a_unit_for_each_kilobyte(limited: Stage, size: int, writes: int) -> None:
    """Units: "One write request unit represents one write for an item up to 1 KB in size"; "Item
    sizes for writes are rounded up to the next 1 KB multiple".
    """
    assert limited.times(lambda: limited.put({**KEY, "x": {"S": "x" * size}})) == writes


def test_the_larger_item_counts(limited: Stage) -> None:
    """Units, UpdateItem: "DynamoDB considers the size of the item as it appears before and after
    the update. The provisioned throughput consumed reflects the larger of these item sizes."
    """
    limited.put({**KEY, "x": {"S": "x" * 9_500}})
    limited.wait()
    limited.put(KEY)
    with pytest.raises(DynamoDBError, match="Throttling"):
        limited.put(KEY)


def test_a_condition_that_fails_costs_as_well(limited: Stage) -> None:
    """Units: "If a ConditionExpression evaluates to false during a conditional write, DynamoDB
    still consumes write capacity from the table."
    """
    failing = check("attribute_not_exists(id)")

    def call() -> None:
        try:
            limited.database.call("DeleteItem", failing)
        except DynamoDBError as error:
            if error.code != "ConditionalCheckFailedException":
                raise

    assert limited.times(call) == 10


def test_a_transaction_costs_double(limited: Stage) -> None:
    """Transactions: "DynamoDB performs two underlying reads or writes of every item in the
    transaction: one to prepare the transaction and one to commit the transaction."
    """
    request = transact({"Update": add()})
    reads = {"TransactItems": [{"Get": {"TableName": NAME, "Key": KEY}}]}

    assert limited.times(lambda: limited.database.call(*request)) == 5
    assert limited.times(lambda: limited.database.hold(request[1]).write()) == 5
    assert limited.times(lambda: limited.database.call("TransactGetItems", reads)) == 5


def test_a_transaction_says_which_of_its_items_was_throttled(limited: Stage) -> None:
    """Reference, CancellationReasons: `ThrottlingError` for an on-demand table."""
    other = {"Put": {"TableName": NAME, "Item": OTHER}}
    limited.times(lambda: limited.database.call("UpdateItem", add()))

    with pytest.raises(DynamoDBError) as cancelled:
        limited.database.call(*transact(other, {"Update": add()}))

    assert [reason.code for reason in cancelled.value.reasons] == ["None", "ThrottlingError"]
    with pytest.raises(Refusal) as refused:
        InProcess(limited.database.call)(*transact({"Update": add()}))
    assert refused.value.is_throttled


@pytest.mark.parametrize(("consistent", "reads"), [(True, 10), (False, 20)])
def test_an_eventually_consistent_read_costs_half(
    limited: Stage, consistent: bool, reads: int
) -> None:
    """Units: "A strongly consistent read request of an item up to 4 KB requires one read unit. An
    eventually consistent read request of an item up to 4 KB requires one-half read unit."
    """
    assert limited.times(limited.get(ConsistentRead=consistent)) == reads


def test_a_query_costs_by_the_sum_of_what_it_reads(limited: Stage) -> None:
    """Units, Query: "Returns multiple items that have the same partition key value. All items
    returned are treated as a single read operation, where DynamoDB computes the total size of all
    items and then rounds up to the next 4 KB boundary."
    """
    for number in range(9):
        limited.put({"id": {"S": "a"}, "seq": {"N": str(number)}, "x": {"S": "x" * 1000}})
    reading: Call = lambda: limited.database.call(*query())  # noqa: E731
    nothing: Call = lambda: limited.database.call(  # noqa: E731
        *query(ExpressionAttributeValues={":h": {"S": "nobody"}})
    )

    assert limited.times(reading) == 7  # three halves of a unit each; the last one overdraws
    assert limited.times(nothing) == 20


def test_what_a_batch_cannot_do_is_unprocessed(limited: Stage) -> None:
    limited.times(lambda: limited.database.call("UpdateItem", add()))
    put, other = [{"PutRequest": {"Item": item}} for item in (ITEM, OTHER)]

    left = limited.database.call("BatchWriteItem", {"RequestItems": {NAME: [put, other]}})

    assert left["UnprocessedItems"] == {NAME: [put]}
    with pytest.raises(DynamoDBError, match="ThrottlingException"):
        limited.database.call("BatchWriteItem", {"RequestItems": {NAME: [put]}})


def test_what_a_batch_cannot_read_is_unprocessed(limited: Stage) -> None:
    limited.put(OTHER)
    limited.times(limited.get())
    keys = [KEY, OTHER]

    got = limited.database.call("BatchGetItem", {"RequestItems": {NAME: {"Keys": keys}}})

    assert got["UnprocessedKeys"] == {NAME: {"Keys": [KEY]}}
    with pytest.raises(DynamoDBError, match="ThrottlingException"):
        limited.database.call("BatchGetItem", {"RequestItems": {NAME: {"Keys": [KEY]}}})


def test_an_index_follows_within_its_bounds(lagging: Stage) -> None:
    """Indexes: "When an application writes or deletes items in a table, any global secondary
    indexes on that table are updated asynchronously, using an eventually consistent model."
    """
    before = lagging.shown()
    lagging.database.call("UpdateItem", add())

    lagging.now += 19
    assert lagging.shown() == before
    lagging.now += 181
    assert lagging.shown() == ["6"]


def test_an_index_takes_the_changes_of_an_item_in_their_order(lagging: Stage) -> None:
    for number in range(6, 106):
        lagging.database.call("UpdateItem", add())
        lagging.now += 7
        shown = lagging.shown()
        assert len(shown) == 1
        assert int(shown[0]) <= number

    seen = []
    for _ in range(200):
        lagging.now += 1
        seen += lagging.shown()
    assert seen == sorted(seen, key=int)
    assert seen[-1] == "105"


def test_a_transaction_reaches_indexes_after_it_is_written(lagging: Stage) -> None:
    """Transactions: "Once a transaction completes, changes made within that transaction are
    propagated to global secondary indexes (GSIs), streams, and backups. This propagation occurs
    gradually".
    """
    held = lagging.database.hold(transact({"Update": add()})[1])
    lagging.now += 1000
    assert lagging.shown() == ["5"]
    held.write()
    assert lagging.shown() == ["5"]
    lagging.now += 200
    assert lagging.shown() == ["6"]


def test_physics_can_be_turned_off_while_an_index_lags(lagging: Stage) -> None:
    lagging.database.call("UpdateItem", add())
    lagging.physics = OFF
    lagging.database.call("UpdateItem", add())
    lagging.now += 200
    assert lagging.shown() == ["7"]


def test_nothing_is_limited_without_physics() -> None:
    stage = Stage(OFF)
    for _ in range(2000):
        stage.database.call("UpdateItem", add())
    assert stage.shown() == ["2005"]


def _succeeds(call: Call) -> bool:
    try:
        call()
    except DynamoDBError:
        return False
    return True

"""DynamoDB in this process, for tests that make a hundred thousand calls.

It is the sandbox's database behind the port that the wires to AWS have. Pages of queries, scans
and batches are short, so that every reader has to follow them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from chalicelib import aws as aws_wire
from chalicelib.aws.dynamodb import RetryingDynamoDB
from chalicelib.settings import Settings
from chalicelib.stores.dynamodb import DynamoDB
from sandbox.conditions.physics import AWS, OFF, Physics
from sandbox.dynamodb.database import Database
from sandbox.dynamodb.model.schema import TableSchema
from sandbox.dynamodb.operations.pages import Pages
from sandbox.dynamodb.tables import Label, read_tables, table_environ
from sandbox.dynamodb.wire import InProcess, InTwoSteps
from tests.aws import CREDENTIALS, SECRETS, Aws

__all__ = ["InProcess", "InTwoSteps", "Memory", "fresh_database", "scan"]

SHORT_PAGES = Pages(items=5, batch=5)


_LAGGING = replace(OFF, index_lag_ms=AWS.index_lag_ms)


@dataclass
class Conditions:
    """The time of tables in memory, which is that of their world, and the lag of their indexes."""

    clock: Callable[[], int] = lambda: 0
    lagging: bool = False
    """True if the indexes do not have what is written until time goes by."""

    def now(self) -> int:
        return self.clock()

    def physics(self) -> Physics:
        return _LAGGING if self.lagging else OFF


def fresh_database(names: Mapping[Label, str], conditions: Conditions | None = None) -> Database:
    """Return the stack's tables, empty, by the names they are to have."""
    under = conditions or Conditions()
    database = Database(under.now, pages=SHORT_PAGES, physics=under.physics)
    for label, table in read_tables().items():
        database.create(TableSchema.of(names[label], table.request))
    return database


@dataclass(frozen=True)
class Memory:
    """Fresh tables; the backing of one `World`."""

    tables: dict[Label, str]
    environ: dict[str, str]
    dynamodb: DynamoDB
    session_changes: list[dict[str, Any]] = field(default_factory=list)
    count_changes: list[dict[str, Any]] = field(default_factory=list)
    conditions: Conditions = field(default_factory=Conditions)

    @classmethod
    def fresh(cls) -> "Memory":
        conditions = Conditions()
        names = {label: f"memory-{label}" for label in read_tables()}
        environ = CREDENTIALS | table_environ(names)
        environ |= SECRETS | {"JOBS_QUEUE_URL": "http://127.0.0.1:9/queue"}
        port = RetryingDynamoDB(InProcess(fresh_database(names, conditions).call))
        return cls(names, environ, port, conditions=conditions)

    @classmethod
    def of(cls, aws: Aws) -> "Memory":
        """Not in memory after all: the tables of another DynamoDB, for the same tests."""
        environ = {
            **aws.environ,
            "API_GATEWAY_ENDPOINT": "http://127.0.0.1:9/local",
            "AWS_TIMEOUT_SECONDS": "30",  # so that no call is tried twice on a busy machine
        }
        wire = aws_wire.dynamodb(Settings.from_environ(environ), environ)
        return cls(aws.tables, aws.environ, wire)

    def items(self, label: Label) -> list[dict[str, Any]]:
        """Return every item of a table, in DynamoDB's typed form."""
        return scan(self.dynamodb, self.tables[label])


def scan(dynamodb: DynamoDB, table: str) -> list[dict[str, Any]]:
    """Return every item of a table, by a consistent read."""
    found: list[dict[str, Any]] = []
    request: dict[str, Any] = {"TableName": table, "ConsistentRead": True}
    while True:
        answer = dynamodb.call("Scan", request)
        found += answer["Items"]
        if "LastEvaluatedKey" not in answer:
            return found
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

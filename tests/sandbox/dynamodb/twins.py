"""Two DynamoDBs with the same items: the sandbox's and one that it is held against."""

import copy
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from moto.dynamodb.models import DynamoDBBackend

from chalicelib.aws import lean
from chalicelib.aws.refusals import Refusal
from sandbox.dynamodb.database import Database
from sandbox.dynamodb.model.schema import TableSchema
from sandbox.dynamodb.model.values import canonical_attributes
from sandbox.dynamodb.moto import call_moto
from tests.aws import CREDENTIALS, another_dynamodb
from tests.invariants.memory import InProcess

Request = Mapping[str, Any]
_INDEXES = "GlobalSecondaryIndexes"


class Reference(Protocol):
    """A DynamoDB that the sandbox's is held against."""

    def __call__(self, operation: str, request: dict[str, Any], /) -> dict[str, Any]: ...


class PlainMoto(InProcess):
    """moto's DynamoDB as it is, in this process."""

    def __init__(self) -> None:
        backend = DynamoDBBackend("us-east-1", "123456789012")
        super().__init__(lambda *call: call_moto(backend, call[0], copy.deepcopy(dict(call[1]))))


@contextmanager
def another() -> Iterator[Reference]:
    """Yield a DynamoDB that is not moto's. Skip the test where there is none."""
    with another_dynamodb() as aws:
        environ = {**CREDENTIALS, "AWS_ENDPOINT_URL_DYNAMODB": aws.endpoint_url}
        yield lean.json_service("dynamodb", environ, timeout=30)


class Twins:
    """Two DynamoDBs that must respond the same to each call."""

    def __init__(
        self, reference: Reference, table: Mapping[str, Any], items: list[dict[str, Any]]
    ) -> None:
        self._table = table
        self._key_names = [key["AttributeName"] for key in table["KeySchema"]]
        self.ours = self.alone(table, [])
        self.reference = reference
        self._empty()
        for item in items:
            self.both("PutItem", {"TableName": table["TableName"], "Item": item})

    @staticmethod
    def alone(table: Mapping[str, Any], items: list[dict[str, Any]]) -> InProcess:
        """Return only ours, with these items."""
        database = Database(lambda: 0)
        database.create(TableSchema.of(table["TableName"], table))
        ours = InProcess(database.call)
        for item in items:
            ours("PutItem", {"TableName": table["TableName"], "Item": item})
        return ours

    def same(self, operation: str, request: Request) -> None:
        """Carry it out on both; what they return and what they hold is equal.

        moto is asked only what is valid: it takes much that DynamoDB refuses.
        """
        ours = outcome(self.ours, operation, request)
        is_moto = isinstance(self.reference, PlainMoto)
        if is_moto and ours[0] == "ValidationException":
            return
        assert ours == outcome(self.reference, operation, request), (operation, request)
        assert self.items(self.ours) == self.items(self.reference), (operation, request)

    def both(self, operation: str, request: Request) -> tuple[tuple[str, Any], tuple[str, Any]]:
        """Return what both say, as something to compare."""
        ours = outcome(self.ours, operation, request)
        return ours, outcome(self.reference, operation, request)

    def items(self, call: Reference) -> list[list[str]]:
        """Return every item of the table and of its indexes, as texts that can be compared."""
        scans: list[dict[str, Any]] = [{}]
        scans += [{"IndexName": index["IndexName"]} for index in self._table[_INDEXES]]
        name = self._table["TableName"]
        pages = (call("Scan", {"TableName": name, **scan}) for scan in scans)
        return [sorted(map(comparable, page["Items"])) for page in pages]

    def _empty(self) -> None:
        name = self._table["TableName"]
        if name not in self.reference("ListTables", {})["TableNames"]:
            self.reference("CreateTable", copy.deepcopy(dict(self._table)))
        for item in self.reference("Scan", {"TableName": name})["Items"]:
            key = {each: item[each] for each in self._key_names}
            self.reference("DeleteItem", {"TableName": name, "Key": key})


def outcome(call: Reference, operation: str, request: Request) -> tuple[str, Any]:
    """Return OK and the items, by value, or the code of the refusal and its reasons."""
    try:
        answer = call(operation, copy.deepcopy(dict(request)))
    except Refusal as refusal:
        return refusal.code, refusal.reasons
    found: dict[str, Any] = {}
    for name in ("Attributes", "Item", "LastEvaluatedKey"):
        if answer.get(name):
            found[name] = comparable(answer[name])
    for name in ("Count", "ScannedCount"):
        found[name] = answer.get(name)
    if "Items" in answer:
        found["Items"] = [comparable(item) for item in answer["Items"]]
    if "Responses" in answer:
        found["Responses"] = json.dumps(_canonical_responses(answer["Responses"]), sort_keys=True)
    return "OK", found


def comparable(item: Mapping[str, Any]) -> str:
    """Return an item as text that is the same for equal items."""
    return json.dumps(canonical_attributes(item), sort_keys=True)


def _canonical_responses(responses: Any) -> Any:
    if isinstance(responses, list):
        return [comparable(each.get("Item", {})) for each in responses]
    return {name: sorted(map(comparable, items)) for name, items in responses.items()}

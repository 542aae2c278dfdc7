"""Two DynamoDBs with the same items: one as the sandbox has it, the other by moto alone."""

import copy
import itertools
import json
from typing import Any

from sandbox.dynamodb.dynamodb import DynamoDB, DynamoDBError
from sandbox.dynamodb.expressions import NotSimpleError

_account = itertools.count(1)


class Twins:
    """What is asked of both must come to the same."""

    def __init__(self, table: dict[str, Any], items: list[dict[str, Any]]) -> None:
        self._table = table["TableName"]
        self.fast, self.moto = self._new(), self._new()
        self.moto._writes.call = _not_simple  # type: ignore[method-assign,assignment]
        self.moto._reads.call = _not_simple  # type: ignore[method-assign,assignment]
        for each in (self.fast, self.moto):
            each.call("CreateTable", copy.deepcopy(table))
            for item in items:
                each.call("PutItem", {"TableName": self._table, "Item": copy.deepcopy(item)})

    def same(self, operation: str, request: dict[str, Any]) -> None:
        """Carries it out on both; what they answer and hold is equal."""
        answers = [self._call(each, operation, request) for each in (self.fast, self.moto)]
        assert answers[0] == answers[1]
        assert self._items(self.fast) == self._items(self.moto)

    def answer(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """What the sandbox answers. Raises DynamoDBError."""
        answer: dict[str, Any] = json.loads(self.fast.call(operation, copy.deepcopy(request)))
        return answer

    def _new(self) -> DynamoDB:
        return DynamoDB(f"{next(_account):012}", lambda: 0, lambda _: None)

    def _call(self, dynamodb: DynamoDB, operation: str, request: dict[str, Any]) -> Any:
        try:
            answer = json.loads(dynamodb.call(operation, copy.deepcopy(request)))
        except DynamoDBError as refusal:
            return refusal.status, json.loads(refusal.body)["__type"]
        fields = ("Attributes", "Item", "Items", "Count", "ScannedCount", "LastEvaluatedKey")
        return {name: answer[name] for name in fields if answer.get(name)}

    def _items(self, dynamodb: DynamoDB) -> list[Any]:
        found = json.loads(dynamodb.call("Scan", {"TableName": self._table}))["Items"]
        return sorted(found, key=str)


def _not_simple(*_: Any) -> dict[str, Any]:
    raise NotSimpleError

"""Two DynamoDBs that get the same calls: where they differ, one of them is wrong."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib.errors import TransactionCancelled, UpstreamError
from chalicelib.stores.dynamodb import DynamoDB, Operation, Outcome, PreparedCall, in_turn
from sandbox.dynamodb.model.values import canonical_attributes

_PAGED = {"Query", "Scan"}


class Shadow:
    """The stores' port in front of two DynamoDBs; returns the responses of the first.

    `tables` maps the table names of the first to those of the second.
    """

    def __init__(self, first: DynamoDB, second: DynamoDB, tables: Mapping[str, str]) -> None:
        self._first = first
        self._second = second
        self._tables = tables
        self.calls = 0

    def call(self, operation: Operation, request: Mapping[str, Any]) -> dict[str, Any]:
        """Call both. Raises AssertionError where they differ."""
        self.calls += 1
        if operation in _PAGED:
            self._compare_pages(operation, request)
            return self._first.call(operation, request)
        answer, refusal = _outcome(self._first, operation, request)
        other, other_refusal = _outcome(self._second, operation, self._renamed(request))
        assert _named(refusal) == _named(other_refusal), (operation, request)
        assert _content(answer) == _content(self._renamed(other)), (operation, request)
        if refusal is not None:
            raise refusal
        return answer

    def call_all(self, calls: Sequence[PreparedCall]) -> list[Outcome]:
        return in_turn(self.call, calls)

    def _compare_pages(self, operation: Operation, request: Mapping[str, Any]) -> None:
        """Whole results: pages may end anywhere. A scan is in no order, and segments are theirs."""
        if "ExclusiveStartKey" in request or request.get("Segment"):
            return
        whole = {
            name: value
            for name, value in request.items()
            if name not in ("Segment", "TotalSegments", "Limit")
        }
        ours = _all_pages(self._first, operation, whole)
        theirs = _all_pages(self._second, operation, self._renamed(whole))
        assert sorted(ours) == sorted(theirs), (operation, request)

    def _renamed(self, value: Any) -> Any:
        """Return the request or response with the names of the other DynamoDB's tables."""
        if isinstance(value, Mapping):
            return {self._renamed(key): self._renamed(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self._renamed(each) for each in value]
        return self._tables.get(value, value) if isinstance(value, str) else value


def _outcome(
    dynamodb: DynamoDB, operation: Operation, request: Mapping[str, Any]
) -> tuple[dict[str, Any], UpstreamError | None]:
    """Return the merged responses of a batch, or the refusal."""
    try:
        answer = dynamodb.call(operation, request)
    except UpstreamError as refusal:
        return {}, refusal
    return answer, None


def _named(refusal: UpstreamError | None) -> tuple[str, tuple[str, ...]] | None:
    if refusal is None:
        return None
    reasons = refusal.reasons if isinstance(refusal, TransactionCancelled) else ()
    return type(refusal).__name__, reasons


def _content(answer: Mapping[str, Any]) -> Any:
    """Return the part of a response that is compared: items, with numbers by value."""
    if "Responses" in answer:
        ((_, items),) = answer["Responses"].items() or [("", [])]
        return sorted(map(_plain, items))
    return [_plain(answer.get(name)) for name in ("Item", "Attributes")]


def _all_pages(dynamodb: DynamoDB, operation: Operation, request: Mapping[str, Any]) -> list[str]:
    found: list[str] = []
    start: dict[str, Any] = {}
    while True:
        answer = dynamodb.call(operation, {**request, **start})
        found += [_plain(item) for item in answer["Items"]]
        if "LastEvaluatedKey" not in answer:
            return found
        start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


def _plain(item: Mapping[str, Any] | None) -> str:
    """Return an item as text that is the same for equal items."""
    return json.dumps(canonical_attributes(item or {}), sort_keys=True)

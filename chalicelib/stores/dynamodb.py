"""The port of the stores to DynamoDB. `chalicelib.aws` implements it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol

from chalicelib.errors import UpstreamError

Operation = Literal[
    "GetItem",
    "PutItem",
    "UpdateItem",
    "DeleteItem",
    "Query",
    "Scan",
    "BatchGetItem",
    "BatchWriteItem",
    "TransactWriteItems",
]

PreparedCall = tuple[Operation, Mapping[str, Any]]
"""An operation and its request."""
Outcome = dict[str, Any] | UpstreamError
"""The response to a call, or the error that `DynamoDB.call` would have raised."""


class DynamoDB(Protocol):
    """The low-level JSON protocol of DynamoDB."""

    def call(self, operation: Operation, request: Mapping[str, Any]) -> dict[str, Any]:
        """Carry out one operation of the DynamoDB API.

        Request and response have the shapes of the API reference (2012-08-10), attribute
        values typed: `{"S": "…"}`, `{"N": "12"}`, `{"M": {…}}`. Throttling, 5xx, time-outs and
        `TransactionConflict` are retried with full jitter within a budget.

        Raises:
            ConditionFailed, TransactionCancelled, Throttled, ServiceDown, RequestRejected.
        """
        ...

    def call_all(self, calls: Sequence[PreparedCall]) -> list[Outcome]:
        """Carry out calls that go out together, and return their outcomes in the same order.

        It takes as long as the slowest. Any may be carried out first, and any may fail: none
        depends on another.
        """
        ...


def in_turn(
    call: Callable[[Operation, Mapping[str, Any]], dict[str, Any]], calls: Sequence[PreparedCall]
) -> list[Outcome]:
    """Carry out calls one after the other: `DynamoDB.call_all` where nothing takes time."""
    return [_outcome(call, *each) for each in calls]


def _outcome(
    call: Callable[[Operation, Mapping[str, Any]], dict[str, Any]],
    operation: Operation,
    request: Mapping[str, Any],
) -> Outcome:
    try:
        return call(operation, request)
    except UpstreamError as error:
        return error

"""The port of the stores to DynamoDB. `chalicelib.aws` implements it."""

from collections.abc import Mapping
from typing import Any, Literal, Protocol

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

"""The metrics of calls that DynamoDB did not carry out, which only faults cause here.

DynamoDB Developer Guide, "DynamoDB metrics and dimensions": throttled requests by table, reads
apart from writes; system errors by table and operation.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from localcloud.metrics import Metric, MetricStore

NAMESPACE = "AWS/DynamoDB"
THROTTLED = "ProvisionedThroughputExceededException"
_READS = ("BatchGetItem", "GetItem", "Query", "Scan", "TransactGetItems")


def count_failed_call(
    store: MetricStore, now: int, operation: str, request: Mapping[str, Any], error: str
) -> None:
    """Count a failed call if the caller was not at fault; `error` is the JSON of the response."""
    for table in set(_tables(request)):
        if THROTTLED in error:
            name = "ReadThrottleEvents" if operation in _READS else "WriteThrottleEvents"
            store.add(Metric.of(NAMESPACE, name, {"TableName": table}), now)
        elif "InternalServerError" in error:
            dimensions = {"TableName": table, "Operation": operation}
            store.add(Metric.of(NAMESPACE, "SystemErrors", dimensions), now)


def _tables(request: Mapping[str, Any]) -> Iterator[str]:
    if "TableName" in request:
        yield request["TableName"]
    yield from request.get("RequestItems", {})
    for item in request.get("TransactItems", []):
        for content in item.values():
            yield content["TableName"]

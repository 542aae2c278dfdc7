"""What DynamoDB tells CloudWatch of calls that it could not carry out.

"DynamoDB metrics and dimensions": throttled requests by table and whether they read or write,
its own errors by table and operation. Both come here from faults only.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from localcloud.metrics import Metric, MetricStore

NAMESPACE = "AWS/DynamoDB"
THROTTLED = "ProvisionedThroughputExceededException"
_READS = ("BatchGetItem", "GetItem", "Query", "Scan", "TransactGetItems")


def count(
    metrics: MetricStore, now: int, operation: str, request: Mapping[str, Any], refusal: str
) -> None:
    """Counts a call that failed with the JSON in `refusal`, if it was not the caller's fault."""
    for table in set(_tables(request)):
        if THROTTLED in refusal:
            name = "ReadThrottleEvents" if operation in _READS else "WriteThrottleEvents"
            metrics.add(Metric.of(NAMESPACE, name, {"TableName": table}), now)
        elif "InternalServerError" in refusal:
            dimensions = {"TableName": table, "Operation": operation}
            metrics.add(Metric.of(NAMESPACE, "SystemErrors", dimensions), now)


def _tables(request: Mapping[str, Any]) -> Iterator[str]:
    if "TableName" in request:
        yield request["TableName"]
    yield from request.get("RequestItems", {})
    for item in request.get("TransactItems", []):
        for content in item.values():
            yield content["TableName"]

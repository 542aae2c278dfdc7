"""The metrics that API Gateway sends to CloudWatch.

API Gateway Developer Guide, "Monitor WebSocket API execution with CloudWatch metrics" and "Amazon
API Gateway dimensions and metrics" (of REST APIs).
"""

from collections.abc import Mapping

from localcloud.metrics import Metric, MetricStore
from sandbox.gateway.integrations import Call
from sandbox.gateway.outcomes import Outcome

NAMESPACE = "AWS/ApiGateway"
_COUNTS = {"$connect": "ConnectCount", "$disconnect": None}


def count_call(store: MetricStore, now: int, call: Call, outcome: Outcome) -> None:
    """Count a call of a WebSocket route, and its error if it has one."""
    names = [_COUNTS.get(call.route, "MessageCount"), _error(outcome)]
    dimensions = {"ApiId": call.handshake.api_id, "Stage": call.handshake.stage}
    for name in names:
        if name:
            store.add(Metric.of(NAMESPACE, name, dimensions), now)


def count_rest_request(
    store: MetricStore, now: int, api: str, stage: str, status: int, latencies: Mapping[str, float]
) -> None:
    """Count a request to a stage of the REST API with the name `api`.

    `latencies` are milliseconds by the name of their metric.
    """
    values = {
        "Count": 1.0,
        "4XXError": float(400 <= status < 500),
        "5XXError": float(status >= 500),
        **latencies,
    }
    for name, value in values.items():
        store.add(Metric.of(NAMESPACE, name, {"ApiName": api, "Stage": stage}), now, value)


def _error(outcome: Outcome) -> str | None:
    if 400 <= outcome.status < 500:
        return "ClientError"
    if outcome.status >= 500:
        # 502 is the function's: it failed, or returned something that is no response.
        of_function = outcome.from_handler or outcome.status == 502
        return "IntegrationError" if of_function else "ExecutionError"
    return None

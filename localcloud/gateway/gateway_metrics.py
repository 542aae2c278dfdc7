"""What API Gateway tells CloudWatch: "Monitoring WebSocket API execution", "… REST APIs"."""

from collections.abc import Callable, Mapping

from localcloud.metrics import Metric, MetricStore
from sandbox.gateway.integrations import Call
from sandbox.gateway.outcomes import Outcome

NAMESPACE = "AWS/ApiGateway"
_COUNTS = {"$connect": "ConnectCount", "$disconnect": None}


def count(metrics: MetricStore, clock: Callable[[], int], call: Call, outcome: Outcome) -> None:
    """Counts one call, and what went wrong with it, for its API and stage."""
    names = [_COUNTS.get(call.route, "MessageCount"), _error(outcome)]
    dimensions = {"ApiId": call.handshake.api_id, "Stage": call.handshake.stage}
    for name in names:
        if name:
            metrics.add(Metric.of(NAMESPACE, name, dimensions), clock())


def count_rest(
    metrics: MetricStore,
    now: int,
    dimensions: Mapping[str, str],
    status: int,
    latencies: Mapping[str, float],
) -> None:
    """Counts one request to a REST API; `latencies` in milliseconds, by the metric's name."""
    values = {
        "Count": 1.0,
        "4XXError": float(400 <= status < 500),
        "5XXError": float(status >= 500),
        **latencies,
    }
    for name, value in values.items():
        metrics.add(Metric.of(NAMESPACE, name, dimensions), now, value)


def _error(outcome: Outcome) -> str | None:
    if 400 <= outcome.status < 500:
        return "ClientError"
    if outcome.status >= 500:
        # 502 is an answer of the function's: an error of its own, or none that can be understood.
        of_function = outcome.of_handler or outcome.status == 502
        return "IntegrationError" if of_function else "ExecutionError"
    return None

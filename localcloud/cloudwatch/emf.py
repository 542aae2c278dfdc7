"""Data points of documents in the embedded metric format.

CloudWatch User Guide, "Specification: Embedded metric format". Each set of dimensions makes a
metric of its own; a value may be a list.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from localcloud.metrics import DataPoint, Metric


def data_points(document: Mapping[str, Any]) -> Iterator[tuple[Metric, DataPoint]]:
    """Yield every data point of a document; a malformed one has none, as on AWS."""
    head = document.get("_aws")
    if not isinstance(head, dict):
        return
    at = int(head.get("Timestamp", 0))
    for directive in head.get("CloudWatchMetrics", []):
        for names in directive.get("Dimensions") or [[]]:
            dimensions = {name: str(document.get(name)) for name in names}
            for definition in directive.get("Metrics", []):
                metric = Metric.of(directive["Namespace"], definition["Name"], dimensions)
                for value in _values(document.get(definition["Name"])):
                    yield metric, DataPoint(at, value)


def _values(value: Any) -> list[float]:
    values = value if isinstance(value, list) else [value]
    return [float(each) for each in values if isinstance(each, int | float)]

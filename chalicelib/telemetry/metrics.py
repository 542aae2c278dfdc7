"""The metrics of the stack (docs/run/operations.md), and their log lines for CloudWatch.

CloudWatch makes metrics from log lines in its Embedded Metric Format (EMF). Every distinct set of
dimension values is a metric that costs money, so ids are never dimensions: they are properties,
which Logs Insights can search.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal

MetricName = Literal[
    "ConnectionTimeout",
    "ConnectionsChecked",
    "IdleConnectionsDetected",
    "ConnectionsClosed",
    "ConnectionDuration",
    "MessagesReceived",
    "MessageErrors",
    "HandlerLatency",
    "StatusQueryLatency",
    "PeriodicStatusUpdatesSent",
    "FanOutRecipients",
    "FanOutLatency",
    "FanOutDelivered",
    "FanOutGone",
    "FanOutSlow",
    "FanOutUnsent",
    "DisconnectCleanupLatency",
    "SubscriptionsCancelled",
    "RequestsCancelled",
    "ActiveSessions",
    "TotalListeners",
    "ListenersByLanguage",
    "SessionDuration",
    "CountDrift",
    "RateLimited",
]
Dimension = Literal["Role", "Reason", "Action", "Code", "Language", "Operation"]
Unit = Literal["Count", "Milliseconds", "Seconds"]

METRICS: Final[Mapping[MetricName, tuple[Dimension, ...]]] = {
    "ConnectionTimeout": ("Role", "Reason"),
    "ConnectionsChecked": (),
    "IdleConnectionsDetected": (),
    "ConnectionsClosed": (),
    "ConnectionDuration": ("Role",),
    "MessagesReceived": ("Action",),
    "MessageErrors": ("Code",),
    "HandlerLatency": ("Action",),
    "StatusQueryLatency": (),
    "PeriodicStatusUpdatesSent": (),
    "FanOutRecipients": (),
    "FanOutLatency": (),
    "FanOutDelivered": (),
    "FanOutGone": (),
    "FanOutSlow": (),
    "FanOutUnsent": (),
    "DisconnectCleanupLatency": (),
    "SubscriptionsCancelled": (),
    "RequestsCancelled": (),
    "ActiveSessions": (),
    "TotalListeners": (),
    "ListenersByLanguage": ("Language",),
    "SessionDuration": (),
    "CountDrift": (),
    "RateLimited": ("Operation",),
}
"""Every metric with its dimensions. No metric is ever emitted with others."""

_NAMESPACE = "Lectern"
_MAX_VALUES = 100  # EMF's limit for one metric in one line
_MAX_DIMENSION_LENGTH = 250  # characters; CloudWatch takes 1024 bytes


def dimension_value(text: str) -> str:
    """Return a text as CloudWatch accepts it: printable ASCII, not empty, not too long."""
    kept = "".join(c if " " <= c <= "~" else "?" for c in text[:_MAX_DIMENSION_LENGTH]).strip()
    return kept or "unknown"


class MetricLine:
    """Metrics with the same dimensions, collected for one line."""

    def __init__(self, dimensions: Mapping[str, str]) -> None:
        self._dimensions = dimensions
        self._units: dict[str, str] = {}
        self._values: dict[str, list[float]] = {}
        self._properties: dict[str, list[Any]] = {}

    def add(self, name: str, value: float, unit: str, properties: Mapping[str, Any]) -> None:
        """Add one value of one metric, and its properties."""
        self._units[name] = unit
        self._values.setdefault(name, []).append(value)
        for key, property_ in properties.items():
            known = self._properties.setdefault(key, [])
            if property_ not in known:
                known.append(property_)

    @property
    def full(self) -> bool:
        """Return True if a metric has as many values as one line may have."""
        return any(len(values) >= _MAX_VALUES for values in self._values.values())

    def document(self, timestamp: int) -> dict[str, Any]:
        """Return the line as an object. Several values of a metric or property are a list."""
        directive = {
            "Namespace": _NAMESPACE,
            "Dimensions": [list(self._dimensions)],
            "Metrics": [{"Name": name, "Unit": unit} for name, unit in self._units.items()],
        }
        return {
            **_unwrapped(self._properties),
            **_unwrapped(self._values),
            **self._dimensions,
            "_aws": {"Timestamp": timestamp, "CloudWatchMetrics": [directive]},
        }


def _unwrapped(lists: Mapping[str, list[Any]]) -> dict[str, Any]:
    return {key: values[0] if len(values) == 1 else values for key, values in lists.items()}

"""What the stack tells its operators: JSON log lines, and metrics in CloudWatch's EMF."""

from chalicelib.telemetry.metrics import METRICS, Dimension, MetricName, Unit
from chalicelib.telemetry.telemetry import Telemetry

__all__ = ["METRICS", "Dimension", "MetricName", "Telemetry", "Unit"]

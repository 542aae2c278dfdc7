"""Logs and metrics for operators: JSON lines, and CloudWatch's Embedded Metric Format."""

from chalicelib.telemetry.metrics import METRICS, Dimension, MetricName, Unit
from chalicelib.telemetry.telemetry import Telemetry

__all__ = ["METRICS", "Dimension", "MetricName", "Telemetry", "Unit"]

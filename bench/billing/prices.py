"""AWS's billing units, and the list prices of us-east-1 in USD, without any free tier.

Read on 2026-11-22 from the price pages of Amazon API Gateway (WebSocket APIs), Amazon DynamoDB
(on-demand, standard table class), AWS Lambda (x86), Amazon SQS (standard queues) and Amazon
CloudWatch (logs, standard class). Lambda's reads of a DynamoDB stream are free.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields

MESSAGE_BYTES = 32 * 1024
"""API Gateway counts each started 32 KB of a message, in either direction."""
MEMORY_GB = 0.25
CORE_SHARE = 0.145
"""Share of a core at 256 MB; Lambda gives a whole core at 1,769 MB."""

_MILLION = 1e-6
_PRICES = {
    "messages": 1.00 * _MILLION,
    "connection_minutes": 0.25 * _MILLION,
    "read_units": 0.125 * _MILLION,
    "write_units": 0.625 * _MILLION,
    "invocations": 0.20 * _MILLION,
    "lambda_ms": 0.0000166667 * MEMORY_GB / 1000,
    "queue_requests": 0.40 * _MILLION,
    "log_bytes": 0.50 / 1e9,
}


@dataclass
class Usage:
    """Billed quantities; can be added and multiplied."""

    messages: float = 0
    connection_minutes: float = 0
    read_units: float = 0
    write_units: float = 0
    invocations: float = 0
    lambda_ms: float = 0
    queue_requests: float = 0
    log_bytes: float = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))

    def __sub__(self, other: "Usage") -> "Usage":
        return self + other * -1

    def __mul__(self, factor: float) -> "Usage":
        return Usage(*(mine * factor for mine in self))

    def __iter__(self) -> Iterator[float]:
        return (getattr(self, field.name) for field in fields(self))

    def dollars(self) -> dict[str, float]:
        """Return USD by billed quantity."""
        return {name: getattr(self, name) * price for name, price in _PRICES.items()}

    @property
    def total(self) -> float:
        """Return USD."""
        return sum(self.dollars().values())

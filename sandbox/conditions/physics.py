"""The figures of the AWS that a stack runs on: latencies, quotas and throughput.

They are settable one by one. `OFF` is an AWS where nothing takes time and nothing is limited; `AWS`
has the figures of a region in daily use. A limit of 0 is no limit.
"""

from collections.abc import Callable
from typing import Annotated

from msgspec import Meta, Struct

Milliseconds = Annotated[float, Meta(ge=0, le=60_000)]
Limit = Annotated[int, Meta(ge=0)]
"""A number, per second where it says so; 0 is no limit."""


class Physics(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Latencies in milliseconds, and limits. Defaults are the profile `aws`."""

    dynamodb_ms: Milliseconds = 4
    """From a call to its arrival at the items. A call that is no transaction answers then."""
    transaction_ms: Milliseconds = 10
    """Time for which a transaction that was accepted holds its items. It answers after both."""
    index_lag_ms: tuple[Milliseconds, Milliseconds] = (20, 200)
    """Bounds of the time after which a global secondary index has a change."""
    item_writes_per_second: Limit = 1000
    """Write units of one item (Developer Guide, "Burst and adaptive capacity")."""
    partition_reads_per_second: Limit = 3000
    """Read units of the items with one partition key (same page)."""
    management_ms: Milliseconds = 10
    """One request to `@connections`."""
    queue_ms: Milliseconds = 15
    """From SendMessage to the invocation that receives the message, and of each call to SQS."""
    connects_per_second: Limit = 500
    """New connections ("Quotas for configuring and running a WebSocket API in API Gateway")."""
    calls_per_second: Limit = 10_000
    """Messages of clients and requests to `@connections` together ("Amazon API Gateway quotas")."""
    concurrency: Limit = 1000
    """Invocations at the same time ("Lambda quotas")."""


AWS = Physics()
OFF = Physics(
    dynamodb_ms=0,
    transaction_ms=0,
    index_lag_ms=(0, 0),
    item_writes_per_second=0,
    partition_reads_per_second=0,
    management_ms=0,
    queue_ms=0,
    connects_per_second=0,
    calls_per_second=0,
    concurrency=0,
)
PROFILES = {"aws": AWS, "off": OFF}

PhysicsSource = Callable[[], Physics]
"""Returns the figures that are in force now."""

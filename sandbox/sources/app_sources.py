"""What the app declares to be called for, read from Chalice's own registry of the app."""

from dataclasses import dataclass

from chalice.app import (
    Chalice,
    DynamoDBEventConfig,
    ScheduledEventConfig,
    ScheduleExpression,
    SQSEventConfig,
)


@dataclass(frozen=True)
class Schedule:
    """A function that EventBridge calls, and how often: `rate(1 minute)` or `cron(…)`."""

    function: str
    expression: str


@dataclass(frozen=True)
class Mapping:
    """A Lambda event source mapping: which function, and how its batches are made."""

    function: str
    batch_size: int
    window: float
    """Seconds that a batch may wait for more."""
    partial: bool = True
    """Whether the function may name the failures of a batch."""
    concurrency: int = 8
    """Batches of a queue at once: jobs leave threads for the sockets."""


@dataclass(frozen=True)
class Sources:
    """Everything but HTTP and sockets that calls a function."""

    routes: dict[str, str]
    """Function by route key: `$connect`, `$default`, `$disconnect`."""
    schedules: list[Schedule]
    queues: list[Mapping]
    streams: list[Mapping]


def sources_of(app: Chalice) -> Sources:
    """Reads the app's declarations. There is one queue and one stream: whose they are is clear."""
    found = Sources(
        routes={key: handler.name for key, handler in app.websocket_handlers.items()},
        schedules=[],
        queues=[],
        streams=[],
    )
    for source in app.event_sources:
        if isinstance(source, ScheduledEventConfig):
            found.schedules.append(Schedule(source.name, _expression(source.schedule_expression)))
        elif isinstance(source, SQSEventConfig):
            found.queues.append(_mapping(source))
        elif isinstance(source, DynamoDBEventConfig):
            found.streams.append(_mapping(source))
    return found


def _expression(declared: str | ScheduleExpression) -> str:
    return declared if isinstance(declared, str) else str(declared.to_string())


def _mapping(source: SQSEventConfig | DynamoDBEventConfig) -> Mapping:
    window = float(source.maximum_batching_window_in_seconds or 0)
    return Mapping(source.name, source.batch_size, window)

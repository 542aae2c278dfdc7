"""The routes and event sources that an app declares, read from Chalice's registry of the app."""

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
    """A function that EventBridge calls by an expression: `rate(1 minute)`."""

    function: str
    expression: str


@dataclass(frozen=True)
class EventSourceMapping:
    """A Lambda event source mapping: the function, and the rules for its batches."""

    function: str
    source: str
    """The queue or stream, as the app declares it."""
    batch_size: int
    window: float
    """Seconds that a batch may wait for more."""
    partial: bool = True
    """The function may name the failures of a batch (`ReportBatchItemFailures`)."""
    concurrency: int = 8
    """Batches of a queue at once. It leaves threads for the sockets."""


@dataclass(frozen=True)
class Declarations:
    """Everything that calls a function, except HTTP."""

    routes: dict[str, str]
    """Function by route key: `$connect`, `$default`, `$disconnect`."""
    schedules: list[Schedule]
    queues: list[EventSourceMapping]
    streams: list[EventSourceMapping]


def read_declarations(app: Chalice) -> Declarations:
    """Return the app's declarations."""
    found = Declarations(
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


def _mapping(source: SQSEventConfig | DynamoDBEventConfig) -> EventSourceMapping:
    window = float(source.maximum_batching_window_in_seconds or 0)
    named = source.stream_arn if isinstance(source, DynamoDBEventConfig) else source.queue
    return EventSourceMapping(source.name, named or "", source.batch_size, window)

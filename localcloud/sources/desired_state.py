"""Rules and event source mappings as they were applied, read from the control plane."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.context import Context
from sandbox.sources.batches import FOREVER, BatchRules


@dataclass(frozen=True)
class Rule:
    """An enabled rule with a schedule."""

    name: str
    arn: str
    expression: str
    targets: tuple[str, ...]
    """The ARNs of functions."""


@dataclass(frozen=True)
class QueueMapping:
    """An enabled event source mapping of a queue."""

    uuid: str
    function: str
    queue_arn: str
    batch_size: int
    window: float
    """Seconds."""
    partial: bool

    @property
    def queue(self) -> str:
        """Return the queue's name."""
        return self.queue_arn.rsplit(":", maxsplit=1)[-1]


@dataclass(frozen=True)
class StreamMapping:
    """An enabled event source mapping of a table's stream."""

    uuid: str
    function: str
    stream_arn: str
    rules: BatchRules
    parallelization_factor: int
    """Batches of a shard at once; records of one key stay in order."""
    filters: tuple[str, ...]
    """Patterns (JSON), of which a record must match one; without patterns every record does."""
    destination: str | None

    @property
    def table(self) -> str:
        """Return the table's name."""
        return self.stream_arn.split(":table/")[1].split("/")[0]


def rules(context: Context) -> list[Rule]:
    """Return every enabled rule of the default bus that has a schedule."""
    found, _ = context.backend("events").list_rules()
    return [
        Rule(
            each.name,
            each.arn,
            each.scheduled_expression,
            tuple(target["Arn"] for target in each.targets),
        )
        for each in found
        if each.scheduled_expression and each.state == "ENABLED"
    ]


def mappings(context: Context) -> list[QueueMapping | StreamMapping]:
    """Return every enabled event source mapping."""
    applied = context.backend("lambda").list_event_source_mappings(None, None)
    return [_mapping(each) for each in applied if each.enabled]


def _mapping(applied: Any) -> QueueMapping | StreamMapping:
    partial = "ReportBatchItemFailures" in (applied.function_response_types or [])
    size, window = applied.batch_size, float(applied.max_batch_window or 0)
    arn = applied.event_source_arn
    if arn.split(":")[2] == "sqs":
        return QueueMapping(applied.uuid, applied.function_arn, arn, size, window, partial)
    rules = BatchRules(
        batch_size=size,
        window=window,
        partial=partial,
        bisect=bool(applied.bisect_on_error),
        retries=_number(applied.max_retry_attempts),
        max_age=_number(applied.max_record_age),
    )
    return StreamMapping(
        uuid=applied.uuid,
        function=applied.function_arn,
        stream_arn=arn,
        rules=rules,
        parallelization_factor=applied.parallelization_factor or 1,
        filters=_patterns(applied.filter_criteria),
        destination=_destination(applied.destination_config),
    )


def _number(value: int | None) -> int:
    return FOREVER if value is None else value


def _patterns(criteria: Mapping[str, Any] | None) -> tuple[str, ...]:
    return tuple(each["Pattern"] for each in (criteria or {}).get("Filters", []))


def _destination(config: Mapping[str, Any] | None) -> str | None:
    found: str | None = ((config or {}).get("OnFailure") or {}).get("Destination")
    return found

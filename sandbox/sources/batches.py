"""The batches of a stream after an attempt: to be tried again, halved or given up. No I/O.

AWS Lambda Developer Guide, "Using AWS Lambda with Amazon DynamoDB": a batch that failed is retried
whole, or in halves where bisecting is on, which does not count as a retry; with partial responses
from the first failed record on. "Retry attempts" are those after an error of the function; a batch
that did not reach it, as it was throttled, counts as none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.sources.records import Record

FOREVER = -1
RETRIES_EXHAUSTED = "RetryAttemptsExhausted"
TOO_OLD = "RecordAgeExceeded"


@dataclass(frozen=True)
class BatchRules:
    """The settings of an event source mapping for its batches and their retries."""

    batch_size: int
    window: float
    """Seconds that a batch may wait for more."""
    partial: bool
    """The function may name the first record that failed (`ReportBatchItemFailures`)."""
    bisect: bool
    retries: int
    """At most; -1 for ever."""
    max_age: int
    """Seconds; -1 for ever."""


@dataclass(frozen=True)
class Attempt:
    """The result of one batch: `response` is JSON, or None where the function failed."""

    response: Any
    failed: bool
    request_id: str = ""
    throttled: bool = False
    """The batch has not reached the function."""


@dataclass(frozen=True)
class Batch:
    """Records in order, and the number of times that they have failed together."""

    records: Sequence[Record]
    tries: int = 0


@dataclass(frozen=True)
class FollowUp:
    """The batches to try after an attempt, the first one first, and one that is given up."""

    retries: Sequence[Batch] = ()
    given_up: Batch | None = None
    condition: str = ""
    """The reason in an on-failure destination's message."""


def count_handled(batch: Batch, response: Any, *, partial: bool) -> int:
    """Return the number of records, from the first on, that need no retry."""
    if not partial:
        return len(batch.records)
    failures = response.get("batchItemFailures") if isinstance(response, dict) else None
    failed = {failure.get("itemIdentifier") for failure in failures or []}
    numbers = [record.number for record in batch.records]
    if failed - set(numbers):
        return 0
    return next((index for index, each in enumerate(numbers) if each in failed), len(numbers))


def follow_up(batch: Batch, handled: int, rules: BatchRules) -> FollowUp:
    """Return what follows when the first `handled` records are done and the next one failed."""
    left = batch.records[handled:]
    if not left:
        return FollowUp()
    if rules.bisect and len(left) > 1 and not handled:
        middle = len(left) // 2
        return FollowUp([Batch(left[:middle], batch.tries), Batch(left[middle:], batch.tries)])
    tries = 1 if handled else batch.tries + 1
    if rules.retries != FOREVER and tries > rules.retries:
        return FollowUp(given_up=Batch(left, tries), condition=RETRIES_EXHAUSTED)
    return FollowUp([Batch(left, tries)])


def count_too_old(batch: Batch, now: int, rules: BatchRules) -> int:
    """Return the number of records, from the first on, that are older than `max_age`."""
    if rules.max_age == FOREVER:
        return 0
    before = now - rules.max_age * 1000
    return sum(record.at < before for record in batch.records)

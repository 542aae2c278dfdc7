"""What is left of a batch of a stream after a try. No I/O: a batch and an answer go in.

AWS Lambda Developer Guide, "Using AWS Lambda with Amazon DynamoDB": a batch that failed is tried
again whole, or in halves where bisecting is on, which does not count as a retry; with partial
responses from the first failed record on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.sources.records import Record

FOREVER = -1
RETRIES_EXHAUSTED = "RetryAttemptsExhausted"
TOO_OLD = "RecordAgeExceeded"


@dataclass(frozen=True)
class Rules:
    """How a mapping makes its batches, and what follows when one fails."""

    batch_size: int
    window: float
    """Seconds that a batch may wait for more."""
    partial: bool
    """Whether the function may name the first record that failed."""
    bisect: bool
    retries: int
    """-1 for ever."""
    max_age: int
    """Seconds; -1 for ever."""


@dataclass(frozen=True)
class Tried:
    """What came of one batch: `answer` is JSON, or None where the function failed."""

    answer: Any
    failed: bool
    request_id: str = ""


@dataclass(frozen=True)
class Batch:
    """Records in order, and how often they have failed together."""

    records: Sequence[Record]
    tries: int = 0


@dataclass(frozen=True)
class After:
    """What follows a try: batches to try, the first one first, and one that is given up."""

    again: Sequence[Batch] = ()
    given_up: Batch | None = None
    condition: str = ""


def done(batch: Batch, answer: Any, *, partial: bool) -> int:
    """How many records, from the first on, need not be tried again."""
    if not partial:
        return len(batch.records)
    failures = answer.get("batchItemFailures") if isinstance(answer, dict) else None
    failed = {failure.get("itemIdentifier") for failure in failures or []}
    numbers = [record.number for record in batch.records]
    if failed - set(numbers):
        return 0
    return next((place for place, each in enumerate(numbers) if each in failed), len(numbers))


def after(batch: Batch, handled: int, rules: Rules) -> After:
    """What follows when the first `handled` records of the batch are done, and the next failed."""
    left = batch.records[handled:]
    if not left:
        return After()
    if rules.bisect and len(left) > 1 and not handled:
        middle = len(left) // 2
        return After([Batch(left[:middle], batch.tries), Batch(left[middle:], batch.tries)])
    tries = 1 if handled else batch.tries + 1
    if rules.retries != FOREVER and tries > rules.retries:
        return After(given_up=Batch(left, tries), condition=RETRIES_EXHAUSTED)
    return After([Batch(left, tries)])


def too_old(batch: Batch, now: int, rules: Rules) -> int:
    """How many records, from the first on, are older than the mapping takes."""
    if rules.max_age == FOREVER:
        return 0
    before = now - rules.max_age * 1000
    return sum(record.at < before for record in batch.records)

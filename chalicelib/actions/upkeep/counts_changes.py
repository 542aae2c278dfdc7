"""on_counts_change: handle the records of the counts table's stream.

It takes samples for the session's report, sends the speaker a status when the listeners change, and
removes languages that nobody listens to any more.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib.actions.background import report
from chalicelib.actions.ports import Remaining
from chalicelib.actions.services import Services
from chalicelib.actions.upkeep import status
from chalicelib.actions.upkeep.batches import Record, for_each_session, images
from chalicelib.domain.counts import Shard
from chalicelib.domain.types import SessionId
from chalicelib.stores.count_items import shard_from_item


def on_counts_change(
    services: Services, records: Sequence[Mapping[str, Any]], remaining: Remaining
) -> list[str]:
    """Handle a batch of records. Return the sequence numbers from which to retry, if any."""
    return for_each_session(services, records, remaining, _handle)


def _handle(
    services: Services, session_id: SessionId, records: Sequence[Record], remaining: Remaining
) -> None:
    changes = [change for change in map(_change, records) if change is not None]
    if not changes:
        return
    report.sample(services, session_id, changes, records[-1]["dynamodb"]["SequenceNumber"])
    status.send_if_due(services, session_id, remaining)
    for shard in {new.number: new for _, new in changes}.values():
        services.counts.remove_unused_languages(shard)


def _change(record: Record) -> tuple[Shard, Shard] | None:
    """Return a shard before and after its listeners have changed, None if they have not.

    Nobody waits for changes of a closed shard: its session has ended.
    """
    old, new = images(record, shard_from_item)
    if old is None or new is None or not new.is_active or old.listeners() == new.listeners():
        return None
    return old, new

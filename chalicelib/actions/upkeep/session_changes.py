"""on_session_change: handle the records of the sessions table's stream.

It finishes an end that a crash interrupted, also of a session that the table has deleted, and sends
a speaker the status that may have come due before its first reply.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib.actions.ports import Remaining
from chalicelib.actions.services import Services
from chalicelib.actions.session import dismissal
from chalicelib.actions.upkeep import status
from chalicelib.actions.upkeep.batches import Record, for_each_session, images
from chalicelib.domain.session import Session
from chalicelib.domain.types import SessionId
from chalicelib.stores.session_items import session_from_item


def on_session_change(
    services: Services, records: Sequence[Mapping[str, Any]], remaining: Remaining
) -> list[str]:
    """Handle a batch of records. Return the sequence numbers from which to retry, if any."""
    return for_each_session(services, records, remaining, _handle)


def _handle(
    services: Services, session_id: SessionId, records: Sequence[Record], remaining: Remaining
) -> None:
    changes = [images(record, session_from_item) for record in records]
    if any(_is_end(old, new) for old, new in changes):
        dismissal.finish(services, session_id, remaining)
    elif any(_is_speaker_ready(old, new) for old, new in changes):
        status.send_if_due(services, session_id, remaining)


def _is_end(old: Session | None, new: Session | None) -> bool:
    """Return True if the session has ended, or is gone: nobody may have marked its end."""
    return new is None or (not new.is_active and (old is None or old.is_active))


def _is_speaker_ready(old: Session | None, new: Session | None) -> bool:
    """Return True if the speaker has got its first reply."""
    before, after = (each and each.speaker_handshake_at for each in (old, new))
    return bool(before) and not after

"""on_session_change: what the sessions table's own stream says has happened (DESIGN section 5).

It finishes what a crash left of a session's end, tells a speaker that the room has changed, and
samples the room for the session's report.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from chalicelib.actions.background import report
from chalicelib.actions.ports import Remaining
from chalicelib.actions.services import Services
from chalicelib.actions.session import end as ending
from chalicelib.actions.upkeep import status
from chalicelib.domain.session import Session
from chalicelib.domain.types import SessionId
from chalicelib.errors import LecternError
from chalicelib.stores.attributes import from_attributes
from chalicelib.stores.session_items import session_from_item


class _Changes(Struct):
    """What a batch says of one session, in order."""

    sequence_numbers: list[str] = field(default_factory=list)
    rooms: list[Session] = field(default_factory=list)
    """The session after each record that changed who listens."""
    ended: bool = False
    speaker_ready: bool = False
    """The speaker has its reply, and may have missed a status until then."""


def on_session_change(
    services: Services, records: Sequence[Mapping[str, Any]], remaining: Remaining
) -> list[str]:
    """Handles a batch; answers the sequence numbers from which a retry is needed, if any."""
    changes: dict[SessionId, _Changes] = {}
    for record in records:
        _collect(changes, record["dynamodb"])
    failed = []
    for session_id, change in changes.items():
        try:
            _handle(services, session_id, change, remaining)
        except LecternError as error:
            services.telemetry.error("streamPartFailed", sessionId=session_id, exception=error)
            failed.append(change.sequence_numbers[0])
    return failed


def _collect(changes: dict[SessionId, _Changes], data: Mapping[str, Any]) -> None:
    new, old = _image(data, "NewImage"), _image(data, "OldImage")
    if new is None:
        return
    change = changes.setdefault(new.session_id, _Changes())
    change.sequence_numbers.append(data["SequenceNumber"])
    change.ended |= not new.is_active and (old is None or old.is_active)
    if old is None or old.language_counts != new.language_counts:
        change.rooms.append(new)
    if old is not None and old.speaker_handshake_at and not new.speaker_handshake_at:
        change.speaker_ready = True


def _image(data: Mapping[str, Any], name: str) -> Session | None:
    image = data.get(name)
    return session_from_item(from_attributes(image)) if image else None


def _handle(
    services: Services, session_id: SessionId, change: _Changes, remaining: Remaining
) -> None:
    if change.rooms:
        report.sample(services, session_id, change.rooms)
    if change.ended:
        ending.finish(services, session_id, remaining)
    elif change.rooms or change.speaker_ready:
        status.tell_if_due(services, session_id, remaining)

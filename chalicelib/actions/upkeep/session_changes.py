"""on_session_change: handle the records of the sessions table's stream.

It finishes an end that a crash interrupted, sends a speaker its status when the listeners change,
and takes samples for the session's report.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from chalicelib.actions.background import report
from chalicelib.actions.ports import Remaining
from chalicelib.actions.services import Services
from chalicelib.actions.session import dismissal
from chalicelib.actions.upkeep import status
from chalicelib.domain.session import Session
from chalicelib.domain.types import SessionId
from chalicelib.errors import LecternError
from chalicelib.stores.attributes import from_attributes
from chalicelib.stores.session_items import session_from_item


class _Change(Struct):
    """One record of the stream: the session before and after it."""

    sequence_number: str
    old: Session | None
    new: Session


class _Changes(Struct):
    """The changes of one session in a batch, in order."""

    sequence_numbers: list[str] = field(default_factory=list)
    states: list[Session] = field(default_factory=list)
    """The session after each change of its listeners."""
    ended: bool = False
    speaker_ready: bool = False
    """The speaker has its first reply, and may have missed a status before."""

    def add(self, change: _Change) -> None:
        old, new = change.old, change.new
        self.sequence_numbers.append(change.sequence_number)
        self.ended |= not new.is_active and (old is None or old.is_active)
        if old is None or old.language_counts != new.language_counts:
            self.states.append(new)
        if old is not None and old.speaker_handshake_at and not new.speaker_handshake_at:
            self.speaker_ready = True


def on_session_change(
    services: Services, records: Sequence[Mapping[str, Any]], remaining: Remaining
) -> list[str]:
    """Handle a batch of records. Return the sequence numbers from which to retry, if any."""
    by_session: dict[SessionId, _Changes] = {}
    for record in records:
        change = _decode(record["dynamodb"])
        if change is not None:
            by_session.setdefault(change.new.session_id, _Changes()).add(change)
    failed = []
    for session_id, changes in by_session.items():
        try:
            _handle(services, session_id, changes, remaining)
        except LecternError as error:
            services.telemetry.error("streamPartFailed", sessionId=session_id, exception=error)
            failed.append(changes.sequence_numbers[0])
    return failed


def _decode(data: Mapping[str, Any]) -> _Change | None:
    """Return the change of a record, None if the session was deleted."""
    new = _image(data, "NewImage")
    if new is None:
        return None
    return _Change(data["SequenceNumber"], _image(data, "OldImage"), new)


def _image(data: Mapping[str, Any], name: str) -> Session | None:
    image = data.get(name)
    return session_from_item(from_attributes(image)) if image else None


def _handle(
    services: Services, session_id: SessionId, changes: _Changes, remaining: Remaining
) -> None:
    if changes.states:
        report.sample(services, session_id, changes.states)
    if changes.ended:
        dismissal.finish(services, session_id, remaining)
    elif changes.states or changes.speaker_ready:
        status.send_if_due(services, session_id, remaining)

"""The filters of the event source mappings: the changes for which Lambda calls a function.

They say what the patterns in `terraform/chalice_override.tf` say; a test compares the two.
"""

from collections.abc import Callable, Mapping

from sandbox.dynamodb.database import Change
from sandbox.dynamodb.tables import Label


def _of_sessions(change: Change) -> bool:
    """Return True for an end, for the speaker's first reply, and for a deleted session."""
    old, new = change["old"], change["new"]
    if old is None or new is None:
        return new is None
    return new.get("isActive") == {"BOOL": False} or "N" in old.get("speakerOpeningAt", {})


def _of_counts(change: Change) -> bool:
    """Return True for a change of a session that has not ended."""
    old, new = change["old"], change["new"]
    return old is not None and new is not None and new.get("isActive") == {"BOOL": True}


FILTERS: Mapping[Label, Callable[[Change], bool]] = {
    "sessions": _of_sessions,
    "counts": _of_counts,
}

"""Sees every change of the tables: for the streams, for taking it back, and whose it was."""

from collections.abc import Callable
from typing import Any, NamedTuple

from chalicelib.stores.attributes import from_attributes
from sandbox.dynamodb.database import Change, Database
from sandbox.dynamodb.model.storage import Change as StoredChange
from sandbox.dynamodb.model.storage import Item
from sandbox.dynamodb.tables import Label
from tests.aws import add_record
from tests.invariants.recorder import Observations

Attributes = dict[str, Any]


class Seen(NamedTuple):
    """A change of an item of a table: what it was and is, as plain values; empty if there is none.

    `act` is the number of the act that made it.
    """

    table: str
    act: int
    old: Attributes
    new: Attributes


class Witness(Observations):
    """Observations like those of `Recorder`, from the changes themselves instead of scans."""

    def __init__(self, tables: dict[Label, str], running: Callable[[], int | None]) -> None:
        super().__init__()
        self.seen: list[Seen] = []
        """The changes that acts have made, in order."""
        self._labels: dict[str, Label] = {name: label for label, name in tables.items()}
        self._connections = tables["connections"]
        self._running = running
        self._log: list[Change] = []
        self.database: Database

    def on_change(self, change: Change) -> None:
        """Note a change."""
        self._log.append(change)
        old, new = (from_attributes(image or {}) for image in (change["old"], change["new"]))
        label, act = self._labels[change["table"]], self._running()
        if act is not None:
            self.seen.append(Seen(label, act, old, new))
        if label == "connections" and "sessionId" in new:
            self.members[new["connectionId"]].add(new["sessionId"])
        if label == "counts":
            add_record(self.count_changes, change)
        if label == "sessions":
            self._note_session(change, old, new)

    @property
    def mark(self) -> int:
        """The present state, for `take_back`."""
        return len(self._log)

    def take_back(self, mark: int) -> None:
        """Make the tables again what they were at `mark`."""
        for change in reversed(self._log[mark:]):
            was, now = (
                None if image is None else Item(dict(image))
                for image in (change["old"], change["new"])
            )
            table = self.database.tables[change["table"]]
            key = table.schema.key_of(dict(change["keys"]))
            table.apply(StoredChange(table, key, old=now, new=was))
        del self._log[mark:]

    def _note_session(self, change: Change, old: Attributes, new: Attributes) -> None:
        add_record(self.changes, change)
        if old and new and old["isActive"] and not new["isActive"]:
            self.audience[new["sessionId"]] = self._listeners(new["sessionId"])

    def _listeners(self, session_id: str) -> set[str]:
        items: list[Any] = self.database.tables[self._connections].items()
        return {
            item["connectionId"]
            for item in [from_attributes(each) for each in items]
            if item.get("sessionId") == session_id and item["role"] != "speaker"
        }

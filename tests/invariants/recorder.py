"""Watches sessions and counts: their streams, and who was listening when a session ended."""

import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib.stores.attributes import from_attributes
from chalicelib.stores.dynamodb import DynamoDB, Operation, Outcome, PreparedCall, in_turn
from sandbox.dynamodb.database import Change
from tests.aws import add_record
from tests.invariants.memory import scan

_WRITES = {"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"}
Item = dict[str, Any]


class Observations:
    """The facts that a run has shown so far.

    `changes` and `count_changes` are the records of the tables' streams, as Lambda gets them.
    `audience` has, for each session that has ended, the connections that were listening then;
    `members` has, for each connection, the sessions that it has ever been in.
    """

    def __init__(self) -> None:
        self.changes: list[Item] = []
        self.count_changes: list[Item] = []
        self.audience: dict[str, set[str]] = {}
        self.members: dict[str, set[str]] = defaultdict(set)


class Recorder(Observations):
    """The stores' port in front of any real one (a server has no hook)."""

    def __init__(self, real: DynamoDB, tables: Mapping[str, str]) -> None:
        super().__init__()
        self._real = real
        self._sessions = _Followed(tables["sessions"], self.changes)
        self._counts = _Followed(tables["counts"], self.count_changes)
        self._connections_table = tables["connections"]
        self._lock = threading.Lock()

    def call(self, operation: Operation, request: Mapping[str, Any]) -> dict[str, Any]:
        if operation not in _WRITES:
            return self._real.call(operation, request)
        with self._lock:  # or a record would be of two writes
            return self._write(operation, request)

    def call_all(self, calls: Sequence[PreparedCall]) -> list[Outcome]:
        return in_turn(self.call, calls)

    def _write(self, operation: Operation, request: Mapping[str, Any]) -> dict[str, Any]:
        answer = self._real.call(operation, request)
        for followed in (self._sessions, self._counts):
            if followed.table in str(request):
                self._compare(followed)
        if operation == "TransactWriteItems":
            for item in self._connections():
                if "sessionId" in item:
                    self.members[item["connectionId"]].add(item["sessionId"])
        return answer

    def _compare(self, followed: "_Followed") -> None:
        before = followed.items
        followed.update(scan(self._real, followed.table))
        if followed is not self._sessions:
            return
        for (session_id, _), new in followed.items.items():
            old = before.get((session_id, ""))
            if old is not None and old["isActive"]["BOOL"] and not new["isActive"]["BOOL"]:
                self.audience[session_id] = self._listeners(session_id)

    def _listeners(self, session_id: str) -> set[str]:
        return {
            item["connectionId"]
            for item in self._connections()
            if item.get("sessionId") == session_id and item["role"] != "speaker"
        }

    def _connections(self) -> list[Item]:
        return [from_attributes(item) for item in scan(self._real, self._connections_table)]


class _Followed:
    """A table's items, by session and shard, and the records of its stream."""

    def __init__(self, table: str, changes: list[Item]) -> None:
        self.table = table
        self.changes = changes
        self.items: dict[tuple[str, str], Item] = {}

    def update(self, items: Sequence[Item]) -> None:
        """Take the table's present items, and record the differences from the last ones."""
        before, self.items = self.items, {_key(item): item for item in items}
        for key, old in before.items():
            new = self.items.get(key)
            if new != old:
                keys: Item = {name: old[name] for name in ("sessionId", "shard") if name in old}
                change: Change = {"table": self.table, "keys": keys, "old": old, "new": new}
                add_record(self.changes, change)


def _key(item: Item) -> tuple[str, str]:
    return item["sessionId"]["S"], item.get("shard", {}).get("N", "")

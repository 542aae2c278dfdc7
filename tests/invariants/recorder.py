"""Watches the sessions table: its stream, and who was listening when a session ended."""

import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib.stores.attributes import from_attributes
from chalicelib.stores.dynamodb import DynamoDB, Operation, Outcome, PreparedCall, in_turn
from tests.invariants.memory import scan

_WRITES = {"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"}
Item = dict[str, Any]


class Observations:
    """The facts that a run has shown so far.

    `changes` are the records of the table's stream, as Lambda gets them and as the
    mapping's filter lets them through: MODIFY only (terraform/chalice_override.tf).
    `audience` has, for each session that has ended, the connections that were listening then;
    `members` has, for each connection, the sessions that it has ever been in.
    """

    def __init__(self) -> None:
        self.changes: list[Item] = []
        self.audience: dict[str, set[str]] = {}
        self.members: dict[str, set[str]] = defaultdict(set)


class Recorder(Observations):
    """The stores' port in front of any real one (a server has no hook)."""

    def __init__(self, real: DynamoDB, tables: Mapping[str, str]) -> None:
        super().__init__()
        self._real = real
        self._sessions_table = tables["sessions"]
        self._connections_table = tables["connections"]
        self._lock = threading.Lock()
        self._sessions: dict[str, Item] = {}

    def call(self, operation: Operation, request: Mapping[str, Any]) -> dict[str, Any]:
        if operation not in _WRITES:
            return self._real.call(operation, request)
        with self._lock:  # or a record would be of two writes
            return self._write(operation, request)

    def call_all(self, calls: Sequence[PreparedCall]) -> list[Outcome]:
        return in_turn(self.call, calls)

    def _write(self, operation: Operation, request: Mapping[str, Any]) -> dict[str, Any]:
        answer = self._real.call(operation, request)
        if self._sessions_table in str(request):
            self._compare()
        if operation == "TransactWriteItems":
            for item in self._connections():
                if "sessionId" in item:
                    self.members[item["connectionId"]].add(item["sessionId"])
        return answer

    def _compare(self) -> None:
        before, self._sessions = self._sessions, self._scan(self._sessions_table, "sessionId")
        for session_id, new in self._sessions.items():
            old = before.get(session_id)
            if old is None or old == new:
                continue
            data = {
                "SequenceNumber": str(len(self.changes) + 1),
                "Keys": {"sessionId": new["sessionId"]},
                "OldImage": old,
                "NewImage": new,
            }
            self.changes.append({"eventName": "MODIFY", "dynamodb": data})
            if old["isActive"]["BOOL"] and not new["isActive"]["BOOL"]:
                self.audience[session_id] = self._listeners(session_id)

    def _listeners(self, session_id: str) -> set[str]:
        return {
            item["connectionId"]
            for item in self._connections()
            if item.get("sessionId") == session_id and item["role"] != "speaker"
        }

    def _connections(self) -> list[Item]:
        items = self._scan(self._connections_table, "connectionId").values()
        return [from_attributes(item) for item in items]

    def _scan(self, table: str, key: str) -> dict[str, Item]:
        return {item[key]["S"]: item for item in scan(self._real, table)}

"""The outside of a process, watched: each call to it is noted, and a test may come in between.

A test can let the process die after so many calls, let something else happen right before a
call, and let DynamoDB answer eventually consistent reads with what an item was a moment ago.
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from chalicelib.stores.dynamodb import DynamoDB, Operation, Outcome, PreparedCall, in_turn

Request = Mapping[str, Any]


class Killed(BaseException):
    """The process is dead. No handler catches this, as none catches a SIGKILL."""


class Outside:
    """Every call that leaves the process, by name and in order: DynamoDB's, posts, jobs."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.trips: list[list[str]] = []
        """The calls of each round trip: those that go out together share one."""
        self._together = False
        self._left: int | None = None
        self._lock = threading.Lock()

    def enter(self, name: str) -> None:
        """Count a call that is about to be made. Raises Killed: the process died before it."""
        with self._lock:
            if self._left is not None:
                if self._left == 0:
                    raise Killed
                self._left -= 1
            self.calls.append(name)
            if not self._together:
                self.trips.append([])
            self.trips[-1].append(name)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Let the calls in the block be one round trip."""
        self.trips.append([])
        self._together = True
        try:
            yield
        finally:
            self._together = False

    @contextmanager
    def killed_after(self, calls: int) -> Iterator[None]:
        """Let the process die after `calls` calls of the code in the block, if it makes more."""
        self._left = calls
        try:
            yield
        except Killed:
            pass
        finally:
            self._left = None

    @contextmanager
    def counted(self) -> Iterator[list[str]]:
        """Collect the calls of what runs in here."""
        start = len(self.calls)
        calls: list[str] = []
        yield calls
        calls += self.calls[start:]

    @contextmanager
    def counted_trips(self) -> Iterator[list[list[str]]]:
        """Collect the round trips of what runs in here."""
        start = len(self.trips)
        trips: list[list[str]] = []
        yield trips
        trips += self.trips[start:]


class WatchedDynamoDB:
    """The stores' port, in front of a real one."""

    def __init__(self, real: DynamoDB, outside: Outside) -> None:
        self._real = real
        self._outside = outside
        self.on_answer: Callable[[str, Request, dict[str, Any]], object] = lambda *_: None
        self._held: dict[str, Any] = {}
        self._before: list[tuple[Callable[[str, Request], bool], Callable[[], object]]] = []

    def call(self, operation: Operation, request: Request) -> dict[str, Any]:
        self._outside.enter(operation)
        for entry in self._before:
            concerns, happen = entry
            if concerns(operation, request):
                self._before.remove(entry)
                happen()
                break
        answer = self._real.call(operation, request)
        self.on_answer(operation, request, answer)
        return self._as_held(operation, request, answer) if self._held else answer

    def call_all(self, calls: Sequence[PreparedCall]) -> list[Outcome]:
        """Each of the calls is one before which the process may die, or something else happens."""
        with self._outside.together():
            return in_turn(self.call, calls)

    def before(
        self,
        operation: Operation,
        happen: Callable[[], object],
        concerns: str = "",
    ) -> None:
        """Call `happen` once, right before the next such operation.

        After two calls of this method, it is called before each of the next two operations.
        `concerns`: only operations whose request contains this text.
        """

        def fits(name: str, request: Request) -> bool:
            return name == operation and concerns in json.dumps(request)

        self._before.append((fits, happen))

    def fail(self, operation: Operation, error: Exception, concerns: str = "") -> None:
        """Make the next such operation fail; `concerns` as for `before`."""

        def happen() -> None:
            raise error

        self.before(operation, happen, concerns)

    def hold(self, table: str, key: Mapping[str, Any]) -> None:
        """Let eventually consistent reads return this item's present state from now on."""
        answer = self._real.call(
            "GetItem", {"TableName": table, "Key": key, "ConsistentRead": True}
        )
        self._held[_name(table, key)] = answer.get("Item")

    def release(self) -> None:
        """Let all reads return the latest state again."""
        self._held.clear()

    def _as_held(
        self, operation: Operation, request: Request, answer: dict[str, Any]
    ) -> dict[str, Any]:
        if operation == "GetItem" and not request.get("ConsistentRead"):
            name = _name(request["TableName"], request["Key"])
            if name in self._held:
                return {"Item": self._held[name]} if self._held[name] else {}
        if operation == "BatchGetItem":
            for table, items in answer["Responses"].items():
                if request["RequestItems"][table].get("ConsistentRead"):
                    continue
                items[:] = [self._old(table, item) for item in items]
        if operation == "Scan":
            answer["Items"] = [self._old(request["TableName"], i) for i in answer["Items"]]
        return answer

    def _old(self, table: str, item: dict[str, Any]) -> dict[str, Any]:
        for name, held in self._held.items():
            held_table, key = json.loads(name)
            if held_table == table and held and key.items() <= item.items():
                old: dict[str, Any] = held
                return old
        return item


def _name(table: str, key: Mapping[str, Any]) -> str:
    return json.dumps([table, key], sort_keys=True)

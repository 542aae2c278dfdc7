"""The fault `kill`: the handler is killed right after a call that it made.

A call over HTTP does not say which handler made it, so this one fault is drawn at the ports, in the
thread of the handler.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from chalicelib.actions.ports import FanOutResult, Management, Remaining
from chalicelib.domain.types import ConnectionId
from chalicelib.stores.dynamodb import DynamoDB, Operation, Outcome, PreparedCall, in_turn
from sandbox.conditions.faults import FaultPlan, Kind, Target
from sandbox.functions.functions import HandlerKilled

_KILL = frozenset({Kind.KILL})


class KillingDynamoDB:
    """DynamoDB; a fault may kill the handler after any call."""

    def __init__(self, real: DynamoDB, faults: FaultPlan) -> None:
        self._real = real
        self._faults = faults

    def call(self, operation: Operation, request: Mapping[str, Any]) -> dict[str, Any]:
        """Do what the port says. Raises HandlerKilled afterwards."""
        response = self._real.call(operation, request)
        _kill_by_fault(self._faults, Target.DYNAMODB, operation)
        return response

    def call_all(self, calls: Sequence[PreparedCall]) -> list[Outcome]:
        """Do what the port says. A fault may kill the handler after each of the calls."""
        return in_turn(self.call, calls)


class KillingManagement:
    """The management API; a fault may kill the handler after any call."""

    def __init__(self, real: Management, faults: FaultPlan) -> None:
        self._real = real
        self._faults = faults

    def post(self, connection_id: ConnectionId, data: bytes) -> None:
        """Do what the port says. Raises HandlerKilled afterwards."""
        self._real.post(connection_id, data)
        _kill_by_fault(self._faults, Target.MANAGEMENT, "POST")

    def close(self, connection_id: ConnectionId) -> None:
        """Do what the port says. Raises HandlerKilled afterwards."""
        self._real.close(connection_id)
        _kill_by_fault(self._faults, Target.MANAGEMENT, "DELETE")

    def reach(self) -> None:
        """Do what the port says."""
        self._real.reach()

    def fan_out(
        self, posts: Iterable[tuple[ConnectionId, bytes]], remaining: Remaining
    ) -> FanOutResult:
        """Do what the port says. Raises HandlerKilled after any post; the rest is not sent."""
        killed = False

        def until_killed() -> Iterator[tuple[ConnectionId, bytes]]:
            nonlocal killed
            for post in posts:
                yield post
                killed = _draw_kill(self._faults, Target.MANAGEMENT, "POST")
                if killed:
                    break

        result = self._real.fan_out(until_killed(), remaining)
        if killed:
            raise HandlerKilled
        return result


def _kill_by_fault(faults: FaultPlan, target: Target, operation: str) -> None:
    if _draw_kill(faults, target, operation):
        raise HandlerKilled


def _draw_kill(faults: FaultPlan, target: Target, operation: str) -> bool:
    return faults.draw(target, operation, _KILL) is not None

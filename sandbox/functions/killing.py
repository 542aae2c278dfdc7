"""The fault `kill`: the handler dies right after a call that it made.

The calls go over HTTP, where nobody can tell whose they are. So this one fault is drawn at the
ports, in the thread of the handler.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from chalicelib.actions.ports import FanOutResult, Management, Remaining
from chalicelib.domain.types import ConnectionId
from chalicelib.stores.dynamodb import DynamoDB, Operation
from sandbox.faults import FaultPlan, Kind, Target
from sandbox.functions.functions import HandlerKilled

_KILL = frozenset({Kind.KILL})


class KillingDynamoDB:
    """DynamoDB, after a call to which the handler may be dead."""

    def __init__(self, real: DynamoDB, faults: FaultPlan) -> None:
        self._real = real
        self._faults = faults

    def call(self, operation: Operation, request: Mapping[str, Any]) -> dict[str, Any]:
        """As the port says. Raises HandlerKilled when it is done."""
        answer = self._real.call(operation, request)
        _perhaps_die(self._faults, Target.DYNAMODB, operation)
        return answer


class KillingManagement:
    """The management API, after a call to which the handler may be dead."""

    def __init__(self, real: Management, faults: FaultPlan) -> None:
        self._real = real
        self._faults = faults

    def post(self, connection_id: ConnectionId, data: bytes) -> None:
        """As the port says. Raises HandlerKilled when it is done."""
        self._real.post(connection_id, data)
        _perhaps_die(self._faults, Target.MANAGEMENT, "POST")

    def close(self, connection_id: ConnectionId) -> None:
        """As the port says. Raises HandlerKilled when it is done."""
        self._real.close(connection_id)
        _perhaps_die(self._faults, Target.MANAGEMENT, "DELETE")

    def reach(self) -> None:
        """As the port says."""
        self._real.reach()

    def fan_out(
        self, posts: Iterable[tuple[ConnectionId, bytes]], remaining: Remaining
    ) -> FanOutResult:
        """As the port says. Raises HandlerKilled after any of its posts; the rest is not sent."""
        dead = False

        def mortal() -> Iterator[tuple[ConnectionId, bytes]]:
            nonlocal dead
            for post in posts:
                yield post
                dead = _is_fatal(self._faults, Target.MANAGEMENT, "POST")
                if dead:
                    break

        result = self._real.fan_out(mortal(), remaining)
        if dead:
            raise HandlerKilled
        return result


def _perhaps_die(faults: FaultPlan, target: Target, operation: str) -> None:
    if _is_fatal(faults, target, operation):
        raise HandlerKilled


def _is_fatal(faults: FaultPlan, target: Target, operation: str) -> bool:
    return faults.draw(target, operation, _KILL) is not None

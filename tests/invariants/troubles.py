"""Faults of a call: refused, carried out without a response, carried out twice.

Killing is `tests.outside`'s; these are what a living process meets, behind the wire's retries.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeVar

from chalicelib.domain.posts import FanOutResult
from chalicelib.domain.types import ConnectionId
from chalicelib.errors import Gone, ServiceDown, Throttled, TransactionCancelled, UpstreamError
from chalicelib.protocol.jobs import Job
from chalicelib.stores.dynamodb import DynamoDB, Operation, Outcome, PreparedCall, in_turn
from tests.in_memory import Clock, Jobs, Sockets
from tests.outside import Outside
from tests.stack import Json

T = TypeVar("T")


class Trouble(StrEnum):
    """The fault of one call."""

    REFUSED = "refused"
    """Throttled, after all retries; nothing was done."""
    CONFLICT = "in conflict"
    """Another transaction held its items at every try; nothing was done."""
    LOST = "lost"
    """Done, but the response is lost."""
    REPEATED = "repeated"
    """Done, but the response is lost, and the retry does it again."""


class Troubles:
    """The troubles of what runs next, by the number of the call."""

    def __init__(self) -> None:
        self._plan: dict[int, Trouble] = {}
        self._calls = 0

    def plan(self, troubles: Mapping[int, Trouble]) -> None:
        """From now on calls are counted from 0."""
        self._plan, self._calls = dict(troubles), 0

    def end(self) -> None:
        self._plan = {}

    def run(self, call: Callable[[], T], conflict: UpstreamError | None = None) -> T:
        """Make a call, with its planned failure; `conflict` is what a conflict raises."""
        trouble = self._plan.pop(self._calls, None)
        self._calls += 1
        if trouble is Trouble.CONFLICT and conflict is not None:
            raise conflict
        if trouble in (Trouble.REFUSED, Trouble.CONFLICT):
            raise Throttled("on purpose")
        answer = call()
        if trouble is Trouble.REPEATED:
            answer = call()
        if trouble is Trouble.LOST:
            raise ServiceDown("on purpose")
        return answer


class TroubledDynamoDB:
    """The stores' port in front of another."""

    def __init__(self, real: DynamoDB, troubles: Troubles) -> None:
        self._real = real
        self._troubles = troubles

    def call(self, operation: Operation, request: Mapping[str, Any]) -> dict[str, Any]:
        reasons = ["TransactionConflict" for _ in request.get("TransactItems", ())]
        conflict = TransactionCancelled(reasons) if reasons else None
        return self._troubles.run(lambda: self._real.call(operation, request), conflict)

    def call_all(self, calls: Sequence[PreparedCall]) -> list[Outcome]:
        return in_turn(self.call, calls)


class TroubledSockets(Sockets):
    """`@connections`, with a memory of everything that was ever posted."""

    def __init__(self, outside: Outside, troubles: Troubles) -> None:
        super().__init__(outside)
        self._troubles = troubles
        self.posted: dict[str, list[Json]] = {}
        self.closing: list[str] = []
        """Closed by the stack, and their `$disconnect` not delivered yet."""

    def post(self, connection_id: ConnectionId, data: bytes) -> None:
        self._troubles.run(lambda: self._post(connection_id, data))

    def close(self, connection_id: ConnectionId) -> None:
        self._troubles.run(lambda: self._close(connection_id))

    def fan_out(self, posts: Any, remaining: Callable[[], float]) -> FanOutResult:
        result = FanOutResult()
        for connection_id, data in posts:
            if remaining() <= 0:
                result.unsent.append(connection_id)
                continue
            try:
                self.post(connection_id, data)
                result.delivered += 1
            except Gone:
                result.gone.append(connection_id)
            except (Throttled, ServiceDown):
                result.slow.append(connection_id)
        return result

    def _post(self, connection_id: ConnectionId, data: bytes) -> None:
        super().post(connection_id, data)
        self.posted.setdefault(connection_id, []).append(self.open[connection_id][-1])

    def _close(self, connection_id: ConnectionId) -> None:
        super().close(connection_id)
        self.closing.append(connection_id)


class TroubledJobs(Jobs):
    """The queue; a repeated `send` leaves two messages."""

    def __init__(self, clock: Clock, outside: Outside, troubles: Troubles) -> None:
        super().__init__(clock, outside)
        self._troubles = troubles

    def send(self, job: Job, delay: int = 0) -> None:
        self._troubles.run(lambda: super(TroubledJobs, self).send(job, delay))

    def take_one(self) -> Json | None:
        """Take the next message that is due; leave the others in the queue."""
        for index, (at, body) in enumerate(self.waiting):
            if at <= self._clock.now:
                del self.waiting[index]
                return body
        return None

    def is_due(self) -> bool:
        return any(at <= self._clock.now for at, _ in self.waiting)

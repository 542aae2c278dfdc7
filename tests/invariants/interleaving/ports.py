"""The ports to AWS, on which each call waits for its act's turn."""

from collections.abc import Mapping
from typing import Any

from chalicelib.domain.types import ConnectionId
from chalicelib.protocol.jobs import Job
from sandbox.dynamodb.database import Database
from tests.in_memory import Clock
from tests.invariants.interleaving.calls import Call, Operations, of_socket
from tests.invariants.interleaving.scheduler import Scheduler
from tests.invariants.troubles import TroubledJobs, TroubledSockets, Troubles
from tests.outside import Outside


class ScheduledDynamoDB:
    """One try of an operation. A transaction takes two steps: it holds its items, then writes."""

    def __init__(self, database: Database, scheduler: Scheduler) -> None:
        self._database = database
        self._scheduler = scheduler
        keys = {name: table.key_names for name, table in database.tables.items()}
        self._operations = Operations(keys)

    def __call__(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Carry out an operation. Raises DynamoDBError."""
        if self._scheduler.running is None:
            return self._database.call(operation, request)
        self._scheduler.step(self._operations.call(operation, request))
        if operation != "TransactWriteItems":
            return self._database.call(operation, request)
        held = self._database.hold(request)
        try:
            self._scheduler.step(self._operations.second_step(request))
        except BaseException:
            held.release()
            raise
        return held.write()


class ScheduledSockets(TroubledSockets):
    """`@connections`."""

    def __init__(self, scheduler: Scheduler) -> None:
        super().__init__(Outside(), Troubles())
        self._scheduler = scheduler

    def post(self, connection_id: ConnectionId, data: bytes) -> None:
        self._scheduler.step(of_socket("post", connection_id))
        super().post(connection_id, data)

    def close(self, connection_id: ConnectionId) -> None:
        self._scheduler.step(of_socket("close", connection_id))
        super().close(connection_id)

    def drop(self, connection_id: ConnectionId) -> None:
        """Close a socket from the client's side."""
        self._scheduler.step(of_socket("socket closes", connection_id))
        self.open.pop(connection_id, None)


class ScheduledJobs(TroubledJobs):
    """The queue. The order of its messages is not kept, so that of sending them is all one."""

    def __init__(self, clock: Clock, scheduler: Scheduler) -> None:
        super().__init__(clock, Outside(), Troubles())
        self._scheduler = scheduler

    def send(self, job: Job, delay: int = 0) -> None:
        self._scheduler.step(Call(f"send {type(job).__name__}"))
        super().send(job, delay)

"""A database in this process behind the interface that the wires to AWS have.

`chalicelib.aws.wire.ServiceCall` describes it: one try of one operation, which raises Refusal.
Retries are those of `chalicelib.aws.dynamodb`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.aws.refusals import Refusal
from chalicelib.aws.wire import Begun, done_at_once
from sandbox.conditions.physics import PhysicsSource
from sandbox.conditions.simulation import Simulation
from sandbox.dynamodb.database import Database
from sandbox.dynamodb.model.errors import DynamoDBError
from sandbox.dynamodb.operations.holds import HeldTransaction

Json = dict[str, Any]


class InProcess:
    """One try of an operation, at once."""

    def __init__(self, call: Callable[[str, Mapping[str, Any]], Json]) -> None:
        self._call = call

    def __call__(self, operation: str, request: Mapping[str, Any]) -> Json:
        try:
            return self._call(operation, request)
        except DynamoDBError as error:
            raise refusal_of(error) from error

    def begin(self, operation: str, request: Mapping[str, Any]) -> Begun:
        """Carry out a call, and return what has its outcome."""
        return done_at_once(lambda: self(operation, request))

    def warm(self) -> None:
        """There is nothing to connect to."""


class InTwoSteps(InProcess):
    """A database whose transactions are held, then written, with a call of `between` in between.

    If `between` raises, the items are released and nothing is written.
    """

    def __init__(self, database: Database, between: Callable[[HeldTransaction], None]) -> None:
        super().__init__(self._in_steps)
        self._database = database
        self._between = between

    def _in_steps(self, operation: str, request: Mapping[str, Any]) -> Json:
        if operation != "TransactWriteItems":
            return self._database.call(operation, request)
        held = self._database.hold(request)
        try:
            self._between(held)
        except BaseException:
            held.release()
            raise
        return held.write()


class Simulated(InTwoSteps):
    """A database on virtual time: a call arrives after `dynamodb_ms`, a transaction then holds its
    items for `transaction_ms`.

    `cpu` is the seconds of CPU that a call costs the real wire, for tasks with a share of a core.
    """

    def __init__(
        self, database: Database, physics: PhysicsSource, simulation: Simulation, cpu: float = 0.0
    ) -> None:
        super().__init__(database, self._hold)
        self._physics = physics
        self._simulation = simulation
        self._cpu = cpu

    def __call__(self, operation: str, request: Mapping[str, Any]) -> Json:
        self._simulation.spend(self._cpu)
        return self._travel(operation, request)

    def begin(self, operation: str, request: Mapping[str, Any]) -> Begun:
        """Send a call on its way; others may be on theirs at the same time."""
        self._simulation.spend(self._cpu)
        task = self._simulation.spawn(
            lambda: done_at_once(lambda: self._travel(operation, request))
        )

        def response() -> Json:
            self._simulation.wait([task])
            begun: Begun = task.result
            return begun()

        return response

    def _travel(self, operation: str, request: Mapping[str, Any]) -> Json:
        self._simulation.sleep(self._physics().dynamodb_ms / 1000)
        try:
            return super().__call__(operation, request)
        finally:
            self._simulation.skip_cpu()

    def _hold(self, _: HeldTransaction) -> None:
        self._simulation.skip_cpu()
        self._simulation.sleep(self._physics().transaction_ms / 1000)


def refusal_of(error: DynamoDBError) -> Refusal:
    """Return what a wire raises for a refusal of DynamoDB."""
    reasons = [reason.code for reason in error.reasons]
    return Refusal(error.status, error.code, error.message, reasons)

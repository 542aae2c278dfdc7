"""The state that the schedules of a cell start from: made once, taken back after each."""

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from msgspec.structs import replace as with_fields

from chalicelib import wiring
from chalicelib.aws.dynamodb import POLICY, RetryingDynamoDB
from chalicelib.aws.retry import Retries
from chalicelib.stores.dynamodb import DynamoDB
from sandbox.dynamodb.database import Database
from sandbox.dynamodb.model.schema import TableSchema
from sandbox.dynamodb.tables import read_tables
from tests.invariants.interleaving.defects import Defect, Defective
from tests.invariants.interleaving.ports import ScheduledDynamoDB, ScheduledJobs, ScheduledSockets
from tests.invariants.interleaving.scheduler import Scheduler
from tests.invariants.interleaving.witness import Witness
from tests.invariants.memory import SHORT_PAGES, InProcess, Memory
from tests.invariants.recorder import Observations
from tests.invariants.world import World

_ONE_SHARD = {"MAX_LISTENERS_PER_SESSION": "50"}
"""All listeners are counted in one item, so that acts meet."""
_ROUNDS = 4
_ROUND_SECONDS = 31
"""Longer than a failed job is out of sight. Four of them are longer than any delay of a job."""


class Stage(World):
    """A world whose calls are made in the order that a scheduler decides."""

    def __init__(self, defect: Defect | None = None, **environ: str) -> None:
        self.scheduler = Scheduler()
        memory = Memory.fresh()
        self.witness = Witness(memory.tables, lambda: self.scheduler.running)
        port = self._dynamodb(memory)
        memory = replace(memory, dynamodb=Defective(port, defect) if defect else port)
        super().__init__(memory, environ=_ONE_SHARD | environ)
        self.sockets: ScheduledSockets = ScheduledSockets(self.scheduler)
        self.jobs: ScheduledJobs = ScheduledJobs(self.clock, self.scheduler)
        self.random = Random(0)
        self.services = with_fields(
            self.services,
            management=self.sockets,
            jobs=self.jobs,
            replies=self.jobs,
            sleep=self.scheduler.sleep,
            pick=self.random.randrange,
        )
        wiring.install(self.services)

    def observed(self, memory: Memory) -> tuple[Observations, DynamoDB]:
        return self.witness, memory.dynamodb

    def _dynamodb(self, memory: Memory) -> DynamoDB:
        """Return empty tables whose changes the witness sees."""
        database = Database(lambda: 0, self.witness.on_change, pages=SHORT_PAGES)
        for label, table in read_tables().items():
            database.create(TableSchema.of(memory.tables[label], table.request))
        self.witness.database = database
        retries = Retries(POLICY, sleep=self.scheduler.sleep, now=lambda: 0.0)
        return RetryingDynamoDB(InProcess(ScheduledDynamoDB(database, self.scheduler)), retries)

    def finish(self) -> None:
        """Run what is left of jobs and streams to the end, on a clock that advances."""
        for _ in range(_ROUNDS):
            self.drain()
            self.clock.advance(_ROUND_SECONDS)
        self.drain()


@dataclass(frozen=True)
class Saved:
    """Everything that a schedule, and what is left of it, may change."""

    mark: int
    clock: Any
    random: Any
    replies: Mapping[str, int]
    fields: Mapping[str, Any]
    sockets: Mapping[str, Any]
    seen: Mapping[str, Any]

    _FIELDS = (
        "clients",
        "lines",
        "dead_letters",
        "acting",
        "expected_lines",
        "changes_seen",
        "count_changes_seen",
        "_ids",
    )
    _SOCKETS = ("open", "closed", "posted", "closing")
    _SEEN = ("changes", "count_changes", "audience", "members", "seen")

    @classmethod
    def of(cls, stage: Stage) -> "Saved":
        """Save the present state of a stage."""
        return cls(
            mark=stage.witness.mark,
            clock=stage.clock.now,
            random=stage.random.getstate(),
            replies={client.connection_id: len(client.replies) for client in stage.clients},
            fields=_copies(stage, cls._FIELDS) | {"waiting": list(stage.jobs.waiting)},
            sockets=_copies(stage.sockets, cls._SOCKETS),
            seen=_copies(stage.witness, cls._SEEN),
        )

    def restore(self, stage: Stage) -> None:
        """Bring this state back."""
        stage.witness.take_back(self.mark)
        stage.clock.now = self.clock
        stage.random.setstate(self.random)
        for name in self._FIELDS:
            setattr(stage, name, _copy(self.fields[name]))
        stage.jobs.waiting = list(self.fields["waiting"])
        for name in self._SOCKETS:
            setattr(stage.sockets, name, _copy(self.sockets[name]))
        for name in self._SEEN:
            setattr(stage.witness, name, _copy(self.seen[name]))
        for client in stage.clients:
            del client.replies[self.replies[client.connection_id] :]


def _copies(owner: object, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: _copy(getattr(owner, name)) for name in names}


def _copy(value: Any) -> Any:
    """Return a copy that is deep enough: a collection of collections of what never changes."""
    if isinstance(value, dict):
        made = copy(value)
        made.update((key, copy(each)) for key, each in value.items())
        return made
    return copy(value)

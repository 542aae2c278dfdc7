"""A stack on virtual time: real handlers, and an AWS with the physics of the real one."""

import itertools
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from bench.crowd.functions import Functions
from chalicelib import handlers, wiring
from chalicelib.actions.services import Services
from chalicelib.aws.dynamodb import POLICY, RetryingDynamoDB
from chalicelib.aws.management import POLICY as POST_POLICY
from chalicelib.aws.management import RetryingManagement
from chalicelib.aws.refusals import Refusal
from chalicelib.aws.retry import Policy, Retries
from chalicelib.aws.sqs import POLICY as QUEUE_POLICY
from chalicelib.aws.sqs import SqsJobQueue
from chalicelib.aws.wire import Begun
from sandbox.conditions.physics import AWS, Physics
from sandbox.conditions.simulated_management import SimulatedConnections
from sandbox.conditions.simulated_queue import SimulatedQueues, Source
from sandbox.conditions.simulation import Simulation
from sandbox.dynamodb.database import Change, Database
from sandbox.dynamodb.model.schema import TableSchema
from sandbox.dynamodb.tables import read_tables, table_environ
from sandbox.dynamodb.wire import Simulated
from sandbox.gateway.quotas import AccountQuotas
from sandbox.sources.records import record_of

Json = dict[str, Any]
QUEUES = {"jobs": "run_jobs", "replies": "send_replies"}
"""The function of each queue."""
STREAMS = {"sessions": "on_session_change", "counts": "on_counts_change"}
"""The function of each table's stream."""
STREAM_WINDOW = 1.0
MANY = "1000000"
BASE = {
    "AWS_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "AKIDTESTTESTTESTTEST",
    "AWS_SECRET_ACCESS_KEY": "test-secret-access-key",
    "JWT_SECRET": "a-secret-for-benchmarks-of-enough-length",
    "RESUME_TOKEN_SECRET": "another-secret-for-benchmarks-long-enough",
    "API_GATEWAY_ENDPOINT": "http://127.0.0.1:9/prod",
    "JOBS_QUEUE_URL": "jobs",
    "REPLIES_QUEUE_URL": "replies",
    "FANOUT_CONCURRENCY": "64",
    "LOG_LEVEL": "ERROR",
    # A crowd of one hall has one address.
    "RATE_LIMIT_CONNECTS_PER_MINUTE": MANY,
    "RATE_LIMIT_JOINS_PER_MINUTE": MANY,
    "RATE_LIMIT_SESSIONS_PER_HOUR": MANY,
    "RATE_LIMIT_CONTROLS_PER_SECOND": MANY,
}


@dataclass(frozen=True)
class Costs:
    """Seconds of CPU of the real wires, for functions on a share of a core."""

    call: float = 0.0
    """A call of DynamoDB or SQS."""
    post: float = 0.0


class CountingWire:
    """A wire that counts calls, and refusals for contention, by operation."""

    def __init__(self, wire: Simulated) -> None:
        self.calls: Counter[str] = Counter()
        self.conflicts = 0
        self._wire = wire

    def __call__(self, operation: str, request: Mapping[str, Any]) -> Json:
        self.calls[operation] += 1
        return self._noted(lambda: self._wire(operation, request))

    def begin(self, operation: str, request: Mapping[str, Any]) -> Begun:
        self.calls[operation] += 1
        begun = self._wire.begin(operation, request)
        return lambda: self._noted(begun)

    def warm(self) -> None:
        """There is nothing to connect to."""

    def _noted(self, call: Begun) -> Json:
        try:
            return call()
        except Refusal as refusal:
            self.conflicts += refusal.is_contention
            raise


class Ports:
    """The stores' port to DynamoDB: each invocation has its own budget of retries."""

    def __init__(self, make: Callable[[], RetryingDynamoDB]) -> None:
        self._make = make
        self._local = threading.local()

    def __getattr__(self, name: str) -> Any:
        if not hasattr(self._local, "port"):
            self._local.port = self._make()
        return getattr(self._local.port, name)


class Stage:
    """Everything, wired. `root` is the checkout whose Terraform it has."""

    def __init__(
        self,
        root: Path,
        *,
        physics: Physics = AWS,
        seed: int = 0,
        costs: Costs | None = None,
        **environ: str,
    ) -> None:
        self.simulation = simulation = Simulation(seed)
        self.ids = itertools.count(1)
        source = lambda: physics  # noqa: E731
        tables = read_tables(root / "terraform" / "modules" / "tables")
        self.database = Database(simulation.clock, self._changed, physics=source, seed=seed)
        for label, table in tables.items():
            self.database.create(TableSchema.of(label, table.request))
        self.environ = {**BASE, **table_environ({label: label for label in tables}), **environ}
        self.functions = Functions(root, simulation, physics.concurrency, with_cpu=bool(costs))
        self.quotas = AccountQuotas(source, simulation.clock)
        costs = costs or Costs()
        self.wire = CountingWire(Simulated(self.database, source, simulation, costs.call))
        self.queues = SimulatedQueues(simulation, source, costs.call)
        self.sockets = SimulatedConnections(
            simulation,
            source,
            int(self.environ["FANOUT_CONCURRENCY"]),
            admit=self.quotas.admit_call,
            cpu=costs.post,
        )
        self._records: dict[str, list[Json]] = {}
        self.services = self._build()
        wiring.install(self.services)
        for queue, function in QUEUES.items():
            self.queues.sources[queue] = Source(self._queue_function(function))

    def call(self, function: Callable[[], Any]) -> Any:
        """Run `function` as a task, and all else until it is done."""
        wiring.install(self.services)  # there may be several stages in a process
        return self.simulation.call(function)

    def settle(self, seconds: float = 120.0) -> None:
        """Let all that is under way come to its end."""
        wiring.install(self.services)
        self.simulation.run(self.simulation.now() + seconds)

    def items(self, label: str) -> list[Json]:
        """Return every item of a table, typed."""
        return list(self.database.tables[label].items())

    @contextmanager
    def counted(self) -> Iterator[Counter[str]]:
        """Count the calls of DynamoDB of what runs in here."""
        before, counter = self.wire.calls.copy(), Counter[str]()
        yield counter
        counter.update(self.wire.calls - before)

    def _build(self) -> Services:
        made = wiring.build(
            self.environ,
            clock=self.simulation.clock,
            write=lambda _: None,
            dynamodb=Ports(lambda: RetryingDynamoDB(self.wire, self._retries(POLICY))),
        )
        ports: Json = {
            "management": RetryingManagement(self.sockets, self._retries(POST_POLICY)),
            "jobs": self._queue_port("jobs"),
            "sleep": self.simulation.sleep,
            "pick": self.simulation.random.randrange,
        }
        if "replies" in Services.__struct_fields__:
            ports["replies"] = self._queue_port("replies")
        return replace(made, **ports)

    def _queue_port(self, name: str) -> SqsJobQueue:
        return SqsJobQueue(self.queues, name, self._retries(QUEUE_POLICY))  # type: ignore[arg-type]

    def _retries(self, policy: Policy) -> Retries:
        simulation = self.simulation
        random = simulation.random.random
        return Retries(policy, sleep=simulation.sleep, random=random, now=simulation.now)

    def _queue_function(self, function: str) -> Callable[[Json], Json]:
        handler: Any = getattr(handlers, _HANDLERS[function], None)
        return lambda event: self.functions.invoke(function, handler, event)

    def _changed(self, change: Change) -> None:
        """Gather the records of a stream for a second, and give them to its function."""
        function = STREAMS.get(change["table"])
        handler = getattr(handlers, _HANDLERS[function], None) if function else None
        if function is None or handler is None:
            return
        records = self._records.setdefault(function, [])
        number, now = next(self.ids), self.simulation.clock()
        view = "NEW_AND_OLD_IMAGES"
        record = record_of(change, arn="", view=view, region="", number=number, now=now)
        records.append(json.loads(json.dumps(record.content)))
        if len(records) == 1:
            self._batch_after(STREAM_WINDOW, function, handler)

    def _batch_after(self, seconds: float, function: str, handler: Any) -> None:
        def batch() -> None:
            records = self._records[function][:100]
            self.functions.invoke(function, handler, {"Records": records})
            del self._records[function][: len(records)]
            if self._records[function]:
                self._batch_after(0.0, function, handler)

        self.simulation.spawn(batch, after=seconds)


_HANDLERS = {
    "run_jobs": "jobs",
    "send_replies": "replies",
    "on_session_change": "session_changes",
    "on_counts_change": "counts_changes",
}
"""The name in `chalicelib.handlers` of each function."""

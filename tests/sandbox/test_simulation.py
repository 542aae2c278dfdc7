"""Virtual time."""

import threading
import time

import pytest
from msgspec.structs import replace

from chalicelib.aws.dynamodb import POLICY, RetryingDynamoDB
from chalicelib.aws.retry import Retries
from chalicelib.errors import Throttled, TransactionCancelled
from sandbox.conditions.physics import AWS
from sandbox.conditions.simulation import Simulation
from sandbox.dynamodb.database import Database
from sandbox.dynamodb.model.schema import TableSchema
from sandbox.dynamodb.wire import Simulated
from tests.sandbox.dynamodb.calls import NAME, OTHER, add, query, transact
from tests.sandbox.dynamodb.expressions import ITEM, KEY, TABLE


@pytest.fixture
def simulation() -> Simulation:
    return Simulation(seed=1)


class Stage:
    """A table on virtual time, and the real retries."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        physics = replace(AWS, index_lag_ms=(0, 0))
        self.database = Database(simulation.clock, physics=lambda: physics)
        self.database.create(TableSchema.of(NAME, TABLE))
        self.database.call("PutItem", {"TableName": NAME, "Item": ITEM})
        self.wire = Simulated(self.database, lambda: physics, simulation)
        retries = Retries(
            POLICY,
            sleep=simulation.sleep,
            random=simulation.random.random,
            now=simulation.now,
        )
        self.port = RetryingDynamoDB(self.wire, retries)
        self.times: list[int] = []

    def update(self) -> None:
        """Add one in a transaction, and note when that was done, in ms."""
        self.port.call("TransactWriteItems", transact({"Update": add()})[1])
        self.times.append(round(self.simulation.now() * 1000))

    def n(self) -> str:
        item = self.database.call("GetItem", {"TableName": NAME, "Key": KEY})["Item"]
        return str(item["n"]["N"])


@pytest.fixture
def stage(simulation: Simulation) -> Stage:
    return Stage(simulation)


def test_time_jumps_to_what_happens_next(simulation: Simulation) -> None:
    started = time.monotonic()
    heard: list[tuple[str, float]] = []

    def task(name: str, seconds: float) -> None:
        for _ in range(2):
            simulation.sleep(seconds)
            heard.append((name, simulation.now()))

    simulation.spawn(lambda: task("a", 1000))
    simulation.spawn(lambda: task("b", 600), after=500)
    simulation.run()

    assert heard == [("a", 1000), ("b", 1100), ("b", 1700), ("a", 2000)]
    assert time.monotonic() - started < 5
    assert simulation.now() == 2000


def test_one_task_runs_at_a_time(simulation: Simulation) -> None:
    running = threading.Lock()

    def task() -> None:
        for _ in range(20):
            assert running.acquire(blocking=False)
            running.release()
            simulation.sleep(simulation.random.random())

    for _ in range(50):
        simulation.spawn(task)
    simulation.run()


def test_an_exception_of_a_task_ends_the_run(simulation: Simulation) -> None:
    def task() -> None:
        simulation.sleep(1)
        raise LookupError("nobody waits for this")

    simulation.spawn(task)
    with pytest.raises(LookupError):
        simulation.run()


def test_only_a_task_can_wait(simulation: Simulation) -> None:
    with pytest.raises(RuntimeError):
        simulation.sleep(1)


def test_cpu_takes_time_on_a_share_of_a_core(simulation: Simulation) -> None:
    def task() -> float:
        started = simulation.now()
        end = time.thread_time() + 0.02
        with simulation.core_share(0.1):
            while time.thread_time() < end:
                pass
            simulation.sleep(1)
        return simulation.now() - started

    assert 1.19 < simulation.call(task) < 1.5


def test_a_call_takes_four_milliseconds_and_a_transaction_fourteen(stage: Stage) -> None:
    def task() -> None:
        stage.port.call("GetItem", {"TableName": NAME, "Key": KEY})
        stage.times.append(round(stage.simulation.now() * 1000))
        stage.update()

    stage.simulation.call(task)

    assert stage.times == [4, 18]


def test_transactions_over_one_item_try_again_and_all_are_made(stage: Stage) -> None:
    for _ in range(4):
        stage.simulation.spawn(stage.update)
    stage.simulation.run()

    assert len(stage.times) == 4
    assert stage.times[0] == 14
    assert all(b - a >= 10 for a, b in zip(stage.times, stage.times[1:], strict=False))
    assert stage.n() == "9"


def test_a_plain_write_that_meets_a_transaction_tries_again(stage: Stage) -> None:
    done: list[float] = []

    def plain() -> None:
        stage.port.call("UpdateItem", add())
        done.append(stage.simulation.now())

    stage.simulation.spawn(stage.update)
    stage.simulation.spawn(plain, after=0.001)
    stage.simulation.run()

    assert done[0] > 0.014
    assert stage.n() == "7"


def test_too_many_transactions_over_one_item_are_refused(stage: Stage) -> None:
    """Eight tries, the first delay at most 25 ms: more than the item can take."""
    refused: list[TransactionCancelled] = []

    def update() -> None:
        try:
            stage.update()
        except TransactionCancelled as error:
            refused.append(error)

    for number in range(400):
        stage.simulation.spawn(update, after=number / 200)
    stage.simulation.run()

    assert 0.2 < len(refused) / 400 < 0.8
    assert {error.reasons for error in refused} == {("TransactionConflict",)}
    assert int(stage.n()) == 5 + 400 - len(refused)


def test_calls_that_go_out_together_take_as_long_as_the_slowest(stage: Stage) -> None:
    def task() -> float:
        calls = [
            ("GetItem", {"TableName": NAME, "Key": KEY}),
            transact({"Put": {"TableName": NAME, "Item": OTHER}}),
            query(IndexName="by-g"),
        ]
        outcomes = stage.port.call_all(calls)  # type: ignore[arg-type]
        assert outcomes[0] == {"Item": stage.database.call(*query())["Items"][0]}
        return stage.simulation.now()

    assert stage.simulation.call(task) == pytest.approx(0.014)


def test_the_same_seed_gives_the_same_run() -> None:
    def run(seed: int) -> list[int]:
        stage = Stage(Simulation(seed))
        for _ in range(20):
            stage.simulation.spawn(stage.update, after=stage.simulation.random.random() / 10)
        stage.simulation.run()
        return stage.times

    assert run(7) == run(7)
    assert run(7) != run(8)


def test_one_item_takes_a_thousand_writes_a_second(stage: Stage) -> None:
    """It begins with those of a second, and refuses what its retries cannot place."""
    errors: list[Exception] = []

    def plain() -> None:
        try:
            stage.port.call("UpdateItem", add())
        except Throttled as error:
            errors.append(error)

    for number in range(3000):
        stage.simulation.spawn(plain, after=number / 3000)
    stage.simulation.run()

    made = int(stage.n()) - 5
    assert made == 3000 - len(errors)
    assert 1900 < made < 2200

"""`@connections` and SQS on virtual time."""

import json
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.aws.management import POLICY, RetryingManagement
from chalicelib.aws.refusals import Refusal
from chalicelib.aws.retry import Retries
from chalicelib.aws.sqs import SqsJobQueue
from chalicelib.domain.types import ConnectionId
from chalicelib.errors import Gone
from chalicelib.protocol.jobs import PublishStatus
from sandbox.conditions.physics import AWS, Physics
from sandbox.conditions.simulated_management import SimulatedConnections
from sandbox.conditions.simulated_queue import SimulatedQueues, Source
from sandbox.conditions.simulation import Simulation
from sandbox.gateway.quotas import AccountQuotas

URL = "http://queue"
ROOM = [ConnectionId(f"C{number}") for number in range(100)]
Json = dict[str, Any]


@pytest.fixture
def simulation() -> Simulation:
    return Simulation(seed=1)


def connections(simulation: Simulation, physics: Physics = AWS) -> SimulatedConnections:
    quotas = AccountQuotas(lambda: physics, simulation.clock)
    made = SimulatedConnections(
        simulation, lambda: physics, concurrency=32, admit=quotas.admit_call
    )
    made.open = {connection_id: [] for connection_id in ROOM}
    return made


def management(made: SimulatedConnections, simulation: Simulation) -> RetryingManagement:
    return RetryingManagement(
        made, Retries(POLICY, sleep=simulation.sleep, random=simulation.random.random)
    )


def test_a_post_takes_ten_milliseconds(simulation: Simulation) -> None:
    made = connections(simulation)

    simulation.call(lambda: management(made, simulation).post(ROOM[0], b"hello"))

    assert made.open[ROOM[0]] == [(0.01, b"hello")]


def test_who_is_gone_is_gone(simulation: Simulation) -> None:
    made = connections(simulation)
    closed: list[str] = []
    made.on_close = closed.append
    port = management(made, simulation)

    def task() -> None:
        port.close(ROOM[0])
        with pytest.raises(Gone):
            port.post(ROOM[0], b"")
        with pytest.raises(Gone):
            port.close(ROOM[0])

    simulation.call(task)
    assert closed == [ROOM[0]]


def test_a_fan_out_has_as_many_in_flight_as_it_has_connections(simulation: Simulation) -> None:
    made = connections(simulation)
    del made.open[ROOM[7]]

    result = simulation.call(
        lambda: management(made, simulation).fan_out([(each, b"x") for each in ROOM], lambda: 30.0)
    )

    assert (result.delivered, result.gone) == (99, [ROOM[7]])
    arrived = sorted(at for messages in made.open.values() for at, _ in messages)
    assert [arrived[30], arrived[31]] == pytest.approx([0.01, 0.02])
    assert arrived[-1] == pytest.approx(0.04)


def test_a_call_over_the_quota_is_refused(simulation: Simulation) -> None:
    made = connections(simulation, replace(AWS, calls_per_second=6))

    def task() -> None:
        for _ in range(3):
            made.post(ROOM[0], b"")
        with pytest.raises(Refusal) as refused:
            made.post(ROOM[0], b"")
        assert refused.value.status == 429
        assert refused.value.is_retryable
        simulation.sleep(1)
        made.post(ROOM[0], b"")

    simulation.call(task)


class Jobs:
    """A queue whose jobs are noted, with the time; those in `fails` fail."""

    def __init__(self, simulation: Simulation, seconds: float, **source: Any) -> None:
        self.simulation = simulation
        self.runs: list[tuple[float, int]] = []
        self.fails = 0
        self._seconds = seconds
        queues = SimulatedQueues(simulation, lambda: AWS)
        self.source = queues.sources[URL] = Source(self._run, **source)
        self.port = SqsJobQueue(queues, URL)  # type: ignore[arg-type]

    def _run(self, event: Json) -> Json:
        self.runs.append((round(self.simulation.now(), 3), len(event["Records"])))
        self.simulation.sleep(self._seconds)
        assert json.loads(event["Records"][0]["body"])["kind"]
        if self.fails:
            self.fails -= 1
            failed = [{"itemIdentifier": each["messageId"]} for each in event["Records"]]
            return {"batchItemFailures": failed}
        return {"batchItemFailures": []}

    def send(self, count: int, delay: int = 0) -> None:
        self.simulation.call(lambda: self.port.send_many([PublishStatus()] * count, delay))
        self.simulation.run()


def test_a_job_begins_fifteen_milliseconds_later_or_after_its_delay(
    simulation: Simulation,
) -> None:
    jobs = Jobs(simulation, 0)
    jobs.send(1)
    jobs.send(1, delay=30)
    assert jobs.runs == [(0.015, 1), (30.03, 1)]


def test_only_so_many_batches_run_at_once(simulation: Simulation) -> None:
    jobs = Jobs(simulation, 1.0, concurrency=1)
    jobs.send(25)
    assert jobs.runs == [(0.015, 1), (1.015, 10), (2.015, 10), (3.015, 4)]


def test_a_job_that_fails_comes_again_until_it_is_dead(simulation: Simulation) -> None:
    jobs = Jobs(simulation, 0)
    jobs.fails = 2
    jobs.send(1)
    assert [at for at, _ in jobs.runs] == [0.015, 60.015, 120.015]

    jobs.fails = 99
    jobs.send(1)
    assert len(jobs.runs) == 3 + 5
    assert len(jobs.source.dead) == 1


def test_the_depth_of_a_queue_is_what_waits(simulation: Simulation) -> None:
    jobs = Jobs(simulation, 0)
    assert simulation.call(jobs.port.depth) == 0

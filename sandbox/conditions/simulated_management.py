"""`@connections` on virtual time."""

import heapq
from collections.abc import Callable

from chalicelib.aws.fanout.scheduler import Post, PostScheduler, SlowConnections
from chalicelib.aws.refusals import Refusal
from chalicelib.aws.wire import Posts
from chalicelib.domain.posts import FanOutResult
from chalicelib.domain.types import ConnectionId
from sandbox.conditions.physics import PhysicsSource
from sandbox.conditions.simulation import Simulation


class SimulatedConnections:
    """`chalicelib.aws.wire.Connections`: each request takes `management_ms`.

    `concurrency` is the setting FANOUT_CONCURRENCY; the connections of a fan-out are open already.
    `admit` counts a call against the account's quota and returns False if it is one too many. `cpu`
    is the seconds of CPU that a post costs the real wire.
    """

    def __init__(
        self,
        simulation: Simulation,
        physics: PhysicsSource,
        concurrency: int,
        *,
        admit: Callable[[], bool] = lambda: True,
        cpu: float = 0.0,
    ) -> None:
        self.open: dict[str, list[tuple[float, bytes]]] = {}
        """Each open socket, with the seconds at which messages arrived."""
        self.on_close: Callable[[str], None] = lambda _: None
        """Called when the stack has closed a socket."""
        self.on_post: Callable[[str, bytes], None] = lambda *_: None
        """Called with each message that reaches a client."""
        self._admit = admit
        self._simulation = simulation
        self._physics = physics
        self._concurrency = concurrency
        self._cpu = cpu
        self._slow = SlowConnections(simulation.clock)

    def post(self, connection_id: ConnectionId, data: bytes) -> None:
        self._travel()
        _check(self._post(connection_id, data, self._simulation.now()))

    def close(self, connection_id: ConnectionId) -> None:
        self._travel()
        _check(self._status(connection_id))
        del self.open[connection_id]
        self.on_close(connection_id)

    def fan_out(self, posts: Posts, remaining: Callable[[], float]) -> FanOutResult:
        """Post as `chalicelib.aws.fanout.run` does: its scheduler, its connections, its retries."""
        now, random = self._simulation.now, self._simulation.random.random
        scheduler = PostScheduler(posts, remaining, self._slow, random)
        in_flight: list[tuple[float, int, Post]] = []
        number = 0
        while not scheduler.is_finished and not scheduler.is_time_up:
            while len(in_flight) < self._concurrency and (post := scheduler.take(now())):
                self._simulation.spend(self._cpu)
                number += 1
                heapq.heappush(in_flight, (now() + self._seconds, number, post))
            if in_flight and in_flight[0][0] <= now():
                arrived, _, post = heapq.heappop(in_flight)
                status = self._post(post.connection_id, post.data, arrived)
                scheduler.report(post, status, now())
            elif in_flight:
                self._simulation.sleep(in_flight[0][0] - now())
            elif not scheduler.is_finished:
                self._simulation.sleep(scheduler.wait_seconds(now()))
        return scheduler.give_up()

    @property
    def _seconds(self) -> float:
        return self._physics().management_ms / 1000

    def _travel(self) -> None:
        self._simulation.spend(self._cpu)
        self._simulation.sleep(self._seconds)

    def _post(self, connection_id: str, data: bytes, at: float) -> int:
        status = self._status(connection_id)
        if status == 200:
            self.open[connection_id].append((at, data))
            self.on_post(connection_id, data)
        return status

    def _status(self, connection_id: str) -> int:
        if not self._admit():
            return 429
        return 200 if connection_id in self.open else 410


_ERRORS = {410: "GoneException", 429: "LimitExceededException"}
"""API Reference, "API Gateway Management API"."""


def _check(status: int) -> None:
    if status != 200:
        raise Refusal(status, _ERRORS[status], "")

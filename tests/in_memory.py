"""Stand-ins for AWS in one thread: clock, sockets, queue, invocation."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from chalicelib.actions.ports import Remaining
from chalicelib.aws.fanout.scheduler import RESERVE
from chalicelib.domain.posts import FanOutResult
from chalicelib.domain.types import ConnectionId, Millis
from chalicelib.errors import Gone, ServiceDown, Throttled
from chalicelib.protocol.jobs import Job, encode_job
from tests.outside import Outside
from tests.schemas import Json, check_said

START = Millis(1_700_000_000_000)


class Clock:
    """A time that moves only when a test says so."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> Millis:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now = Millis(self.now + int(seconds * 1000))


class Sockets:
    """API Gateway's `@connections`, in memory. Those in `slow` take nothing: 429."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside
        self.open: dict[str, list[Json]] = {}
        self.closed: list[str] = []
        self.slow: set[str] = set()

    def post(self, connection_id: ConnectionId, data: bytes) -> None:
        self._outside.enter("post")
        if connection_id not in self.open:
            raise Gone("410")
        if connection_id in self.slow:
            raise Throttled("429")
        message = json.loads(data)
        check_said(message)
        self.open[connection_id].append(message)

    def close(self, connection_id: ConnectionId) -> None:
        self._outside.enter("close")
        if self.open.pop(connection_id, None) is None:
            raise Gone("410")
        self.closed.append(connection_id)

    def reach(self) -> None:
        self._outside.enter("reach")

    def fan_out(
        self, posts: Iterable[tuple[ConnectionId, bytes]], remaining: Remaining
    ) -> FanOutResult:
        result = FanOutResult()
        for connection_id, data in posts:
            if remaining() < RESERVE:
                result.unsent.append(connection_id)
                continue
            try:
                self.post(connection_id, data)
                result.delivered += 1
            except Gone:
                result.gone.append(connection_id)
            except Throttled:
                result.slow.append(connection_id)
        return result


class Jobs:
    """The jobs queue, in memory, on the test's clock."""

    def __init__(self, clock: Clock, outside: Outside) -> None:
        self._clock = clock
        self._outside = outside
        self.waiting: list[tuple[int, Json]] = []
        self.broken = False

    def send(self, job: Job, delay: int = 0) -> None:
        self._outside.enter("send")
        if self.broken:
            raise ServiceDown("the queue is down")
        self.waiting.append((self._clock.now + delay * 1000, json.loads(encode_job(job))))

    def send_many(self, jobs: Iterable[Job], delay: int = 0) -> None:
        for job in jobs:
            self.send(job, delay)

    def depth(self) -> int:
        self._outside.enter("depth")
        if self.broken:
            raise ServiceDown("the queue is down")
        return len(self.waiting)

    def take_due(self) -> list[Json]:
        due = [body for at, body in self.waiting if at <= self._clock.now]
        self.waiting = [entry for entry in self.waiting if entry[0] > self._clock.now]
        return due


@dataclass
class Context:
    """The context object of a Lambda invocation."""

    seconds: float = 30.0
    aws_request_id: str = "00000000-0000-0000-0000-000000000000"

    def get_remaining_time_in_millis(self) -> float:
        return self.seconds * 1000


class Until(Context):
    """An invocation that has only `seconds_left` once something has happened."""

    def __init__(self, happened: Callable[[], bool], seconds_left: float) -> None:
        super().__init__()
        self._happened = happened
        self._seconds_left = seconds_left

    def get_remaining_time_in_millis(self) -> float:
        return 1000 * (self._seconds_left if self._happened() else self.seconds)

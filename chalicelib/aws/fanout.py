"""Many posts over a few connections, on one thread: `select.poll` says which connection may go on.

No thread, task or future for each message: what boto3 needs 640 µs of CPU for is a signature, a
send and a receive here. What is sent when, and again, is decided by `dispatch.py`.
"""

import select
import threading
import time
import weakref
from collections.abc import Callable
from typing import NamedTuple

from chalicelib.aws.dispatch import LOOK_EVERY, Dispatch, Post
from chalicelib.aws.endpoints import Endpoint
from chalicelib.aws.http1 import HttpAnswer, Malformed
from chalicelib.aws.http_client import close_all
from chalicelib.aws.lanes import Lane
from chalicelib.aws.refusals import NO_ANSWER
from chalicelib.domain.posts import FanOutResult

_OPENING_AT_FIRST = 4


class KeptLanes:
    """The connections that stay open between the fan-outs of a process. Thread-safe."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lanes: list[Lane] = []
        self._lock = threading.Lock()
        weakref.finalize(self, close_all, self._lanes)

    def take(self) -> list[Lane]:
        """All that are idle; nobody else has them until they are given back."""
        with self._lock:
            lanes = self._lanes[:]
            self._lanes.clear()
        return lanes

    def give_back(self, lanes: list[Lane]) -> None:
        with self._lock:
            room = self._most - len(self._lanes)
            self._lanes += lanes[:room]
        close_all(lanes[room:])


class Limits(NamedTuple):
    """How many connections a fan-out may have, and how many seconds a post may take."""

    lanes: int
    post_seconds: float


class FanOut:
    """One fan-out, from its first post to its result."""

    def __init__(
        self,
        dispatch: Dispatch,
        endpoint: Endpoint,
        request: Callable[[Post], bytes],
        outdated: Callable[[Post, HttpAnswer], bool],
        limits: Limits,
    ) -> None:
        """`request` makes the bytes of a post; `outdated` says whether to make them anew."""
        self._dispatch = dispatch
        self._endpoint = endpoint
        self._request = request
        self._outdated = outdated
        self._limits = limits
        self._lanes: dict[int, Lane] = {}
        self._idle: list[Lane] = []
        self._opened = 0
        self._poll = select.poll()
        self._look_at = 0.0

    def run(self, kept: KeptLanes) -> FanOutResult:
        for lane in kept.take():
            self._watch(lane)
            self._idle.append(lane)
        try:
            while not self._dispatch.finished and not self._time_is_up():
                for lane in self._ready():
                    self._proceed(lane)
            return self._dispatch.give_up()
        finally:
            for lane in self._lanes.values():
                if lane.post is not None:
                    lane.close()
            kept.give_back(self._idle)  # last: from here on another thread may have them

    def _ready(self) -> list[Lane]:
        """Keeps the connections busy, and waits for those that can go on."""
        while self._idle and (post := self._dispatch.take(time.monotonic())) is not None:
            self._start(post, self._idle.pop())
        events = self._poll.poll(0) if self._may_open() else []
        if not events:
            while self._may_open() and (post := self._dispatch.take(time.monotonic())) is not None:
                self._start(post, None)
            events = self._poll.poll(self._patience())
        return [self._lanes[descriptor] for descriptor, _ in events]

    def _may_open(self) -> bool:
        """Whether another connection may be opened, once there is nothing else to do.

        Opening one costs as much CPU as 40 posts, so those that are open get to work before all
        are: a cold fan-out to 100 is through sooner, and the later ones resume a TLS session.
        """
        if len(self._lanes) >= self._limits.lanes:
            return False
        opened = sum(lane.is_open for lane in self._lanes.values())
        return len(self._lanes) - opened < max(_OPENING_AT_FIRST, opened)

    def _start(self, post: Post, lane: Lane | None) -> None:
        try:
            if lane is None:
                lane = Lane(self._endpoint, self._opened)
                self._opened += 1
                self._watch(lane)
            self._send(lane, post)
        except OSError as problem:
            self._failed(lane, post, problem)

    def _send(self, lane: Lane, post: Post) -> None:
        before = lane.wants
        lane.send(post, self._request(post), time.monotonic() + self._limits.post_seconds)
        if lane.wants != before:
            self._poll.modify(lane, lane.wants)

    def _proceed(self, lane: Lane) -> None:
        before, post = lane.wants, lane.post
        try:
            answer = lane.proceed()
        except (OSError, Malformed) as problem:
            self._failed(lane, post, problem)
            return
        if answer is None:
            if lane.wants != before:
                self._poll.modify(lane, lane.wants)
        elif post is None:
            self._drop(lane)
        else:
            self._answered(lane, post, answer)

    def _answered(self, lane: Lane, post: Post, answer: HttpAnswer) -> None:
        """What follows is sent when all answers that have come are read: see `_ready`."""
        lane.post = None
        if not answer.reusable:
            self._drop(lane)
        if answer.status == 403 and self._outdated(post, answer):
            self._start(post, lane if answer.reusable else None)
            return
        self._dispatch.answered(post, answer.status, time.monotonic())
        if answer.reusable:
            self._idle.append(lane)

    def _failed(self, lane: Lane | None, post: Post | None, problem: Exception) -> None:
        """A connection is lost. What it carried is sent again at once where that is not a retry."""
        again = False
        if lane is not None:
            self._drop(lane)
            again = lane.died_idle and not isinstance(problem, TimeoutError)
            if lane.is_connecting:
                again = self._endpoint.unreachable(lane.address)
        if isinstance(problem, OSError):
            again = self._endpoint.widen(problem) or again
        if post is None:
            return
        if again:
            self._start(post, None)
        else:
            self._dispatch.answered(post, NO_ANSWER, time.monotonic())

    def _watch(self, lane: Lane) -> None:
        self._lanes[lane.fileno()] = lane
        self._poll.register(lane, lane.wants)

    def _drop(self, lane: Lane) -> None:
        descriptor = lane.fileno()
        if self._lanes.pop(descriptor, None) is not None:
            self._poll.unregister(descriptor)
        if lane in self._idle:
            self._idle.remove(lane)
        lane.close()

    def _time_is_up(self) -> bool:
        """Looks after the deadlines, now and then: of each post, and of the whole."""
        now = time.monotonic()
        if now < self._look_at:
            return False
        self._look_at = now + LOOK_EVERY
        late = [lane for lane in self._lanes.values() if lane.post and lane.deadline <= now]
        for lane in late:
            self._failed(lane, lane.post, TimeoutError("no answer in time"))
        return self._dispatch.over

    def _patience(self) -> int:
        """Milliseconds to wait for a connection. Rounded up: rounded down, 0 would be busy."""
        return int(self._dispatch.wait(time.monotonic()) * 1000) + 1

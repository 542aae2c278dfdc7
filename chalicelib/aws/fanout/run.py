"""The poll loop of a fan-out: many posts over a few connections, on one thread.

There is no thread, task or future for each message: where boto3 needs 640 µs of CPU, this is a
signature, a send and a receive. `scheduler.py` decides what is sent when, and retried.
"""

import select
import threading
import time
import weakref
from collections.abc import Callable

from msgspec import Struct

from chalicelib.aws.fanout.connections import FanOutConnection
from chalicelib.aws.fanout.scheduler import CHECK_SECONDS, Post, PostScheduler
from chalicelib.aws.http.client import close_all
from chalicelib.aws.http.endpoints import Endpoint
from chalicelib.aws.http.responses import HttpResponse, Malformed
from chalicelib.aws.refusals import NO_RESPONSE
from chalicelib.domain.posts import FanOutResult

_FIRST_CONNECTIONS = 4


class ConnectionPool:
    """The connections that stay open between the fan-outs of a process. Thread-safe."""

    def __init__(self, maximum: int) -> None:
        self._maximum = maximum
        self._connections: list[FanOutConnection] = []
        self._lock = threading.Lock()
        weakref.finalize(self, close_all, self._connections)

    def take(self) -> list[FanOutConnection]:
        """Take all idle connections. No other fan-out has them until they are given back."""
        with self._lock:
            connections = self._connections[:]
            self._connections.clear()
        return connections

    def give_back(self, connections: list[FanOutConnection]) -> None:
        with self._lock:
            room = self._maximum - len(self._connections)
            self._connections += connections[:room]
        close_all(connections[room:])


class Limits(Struct, frozen=True):
    """The maximum number of connections of a fan-out, and the timeout of a post in seconds."""

    connections: int
    post_seconds: float


class FanOut:
    """One fan-out, from its first post to its result."""

    def __init__(
        self,
        scheduler: PostScheduler,
        endpoint: Endpoint,
        request: Callable[[Post], bytes],
        needs_new_signature: Callable[[Post, HttpResponse], bool],
        limits: Limits,
    ) -> None:
        """`request` makes the bytes of a post.

        `needs_new_signature` is true for one that must be signed again.
        """
        self._scheduler = scheduler
        self._endpoint = endpoint
        self._request = request
        self._needs_new_signature = needs_new_signature
        self._limits = limits
        self._connections: dict[int, FanOutConnection] = {}
        self._idle: list[FanOutConnection] = []
        self._opened = 0
        self._poll = select.poll()
        self._next_check = 0.0

    def run(self, pool: ConnectionPool) -> FanOutResult:
        for connection in pool.take():
            self._watch(connection)
            self._idle.append(connection)
        try:
            while not self._scheduler.is_finished and not self._check_deadlines():
                for connection in self._ready():
                    self._proceed(connection)
            return self._scheduler.give_up()
        finally:
            for connection in self._connections.values():
                if connection.post is not None:
                    connection.close()
            pool.give_back(self._idle)  # last: from here on another thread may use them

    def _ready(self) -> list[FanOutConnection]:
        """Keep the connections busy, and return those that can proceed."""
        while self._idle and (post := self._scheduler.take(time.monotonic())) is not None:
            self._start(post, self._idle.pop())
        events = self._poll.poll(0) if self._may_open() else []
        if not events:
            while self._may_open() and (post := self._scheduler.take(time.monotonic())) is not None:
                self._start(post, None)
            events = self._poll.poll(self._poll_millis())
        return [self._connections[descriptor] for descriptor, _ in events]

    def _may_open(self) -> bool:
        """Return True if another connection may be opened while there is nothing else to do.

        Opening one costs as much CPU as 40 posts, so open connections work before all are open: a
        cold fan-out to 100 is done sooner, and later connections resume a TLS session.
        """
        if len(self._connections) >= self._limits.connections:
            return False
        opened = sum(connection.is_open for connection in self._connections.values())
        return len(self._connections) - opened < max(_FIRST_CONNECTIONS, opened)

    def _start(self, post: Post, connection: FanOutConnection | None) -> None:
        try:
            if connection is None:
                connection = FanOutConnection(self._endpoint, self._opened)
                self._opened += 1
                self._watch(connection)
            self._send(connection, post)
        except OSError as problem:
            self._on_failure(connection, post, problem)

    def _send(self, connection: FanOutConnection, post: Post) -> None:
        before = connection.wants
        connection.send(post, self._request(post), time.monotonic() + self._limits.post_seconds)
        if connection.wants != before:
            self._poll.modify(connection, connection.wants)

    def _proceed(self, connection: FanOutConnection) -> None:
        before, post = connection.wants, connection.post
        try:
            response = connection.proceed()
        except (OSError, Malformed) as problem:
            self._on_failure(connection, post, problem)
            return
        if response is None:
            if connection.wants != before:
                self._poll.modify(connection, connection.wants)
        elif post is None:
            self._drop(connection)
        else:
            self._on_response(connection, post, response)

    def _on_response(
        self, connection: FanOutConnection, post: Post, response: HttpResponse
    ) -> None:
        """Record a response. The next post is sent once all responses are read: see `_ready`."""
        connection.post = None
        if not response.reusable:
            self._drop(connection)
        if response.status == 403 and self._needs_new_signature(post, response):
            self._start(post, connection if response.reusable else None)
            return
        self._scheduler.report(post, response.status, time.monotonic())
        if response.reusable:
            self._idle.append(connection)

    def _on_failure(
        self, connection: FanOutConnection | None, post: Post | None, problem: Exception
    ) -> None:
        """Drop a connection. Resend its post at once, where that does not count as a retry."""
        again = False
        if connection is not None:
            self._drop(connection)
            again = connection.died_idle and not isinstance(problem, TimeoutError)
            if connection.is_connecting:
                again = self._endpoint.skip_address(connection.address)
        if isinstance(problem, OSError):
            again = self._endpoint.trust_all_roots(problem) or again
        if post is None:
            return
        if again:
            self._start(post, None)
        else:
            self._scheduler.report(post, NO_RESPONSE, time.monotonic())

    def _watch(self, connection: FanOutConnection) -> None:
        self._connections[connection.fileno()] = connection
        self._poll.register(connection, connection.wants)

    def _drop(self, connection: FanOutConnection) -> None:
        descriptor = connection.fileno()
        if self._connections.pop(descriptor, None) is not None:
            self._poll.unregister(descriptor)
        if connection in self._idle:
            self._idle.remove(connection)
        connection.close()

    def _check_deadlines(self) -> bool:
        """Check the deadlines of each post and of the fan-out, every `CHECK_SECONDS`."""
        now = time.monotonic()
        if now < self._next_check:
            return False
        self._next_check = now + CHECK_SECONDS
        late = [
            connection
            for connection in self._connections.values()
            if connection.post and connection.deadline <= now
        ]
        for connection in late:
            self._on_failure(connection, connection.post, TimeoutError("no response in time"))
        return self._scheduler.is_time_up

    def _poll_millis(self) -> int:
        """Return the poll's timeout in milliseconds, rounded up so that it is never 0."""
        return int(self._scheduler.wait_seconds(time.monotonic()) * 1000) + 1

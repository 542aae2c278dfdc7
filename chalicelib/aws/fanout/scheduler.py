"""Decides which post of a fan-out to send next, without doing any I/O.

The driver (threads with boto3, one poll loop with the lean wire) calls `take` while it has room,
sends the post that it gets, and reports each response with `report`. Time is an argument.
"""

import heapq
import threading
from collections.abc import Callable, Iterable

from chalicelib.aws.refusals import NO_RESPONSE
from chalicelib.aws.retry import full_jitter, random_fraction
from chalicelib.domain.posts import FanOutResult
from chalicelib.domain.types import ConnectionId, Millis

TRIES = 3
POST_TIMEOUT = 3.0
"""Timeout of one post, in seconds."""
RESERVE = 4.0
"""Seconds before the deadline from which no new post is taken: it could still time out."""
GIVE_UP_SECONDS = 1.0
"""Seconds before the deadline at which posts in flight are given up."""
CHECK_SECONDS = 0.1
"""Seconds between checks of the deadline and of posts without a response."""
_BACKOFF = 0.1
_SLOW_MILLIS = 30_000


class SlowConnections:
    """The connections that get no posts for 30 seconds; one set for a process. Thread-safe."""

    def __init__(self, clock: Callable[[], Millis]) -> None:
        self._clock = clock
        self._until: dict[ConnectionId, int] = {}
        self._lock = threading.Lock()

    def add(self, connection_id: ConnectionId) -> None:
        now = self._clock()
        with self._lock:
            self._until.pop(connection_id, None)
            self._until[connection_id] = now + _SLOW_MILLIS
            # Entries are in the order in which they expire, so the set stays small at no cost.
            while self._until[oldest := next(iter(self._until))] <= now:
                del self._until[oldest]

    def __contains__(self, connection_id: ConnectionId) -> bool:
        return bool(self._until) and self._until.get(connection_id, 0) > self._clock()


class Post:
    """One message to one connection."""

    __slots__ = ("clock_offset", "connection_id", "data", "tried")

    def __init__(self, connection_id: ConnectionId, data: bytes) -> None:
        self.connection_id = connection_id
        self.data = data
        self.tried = 0
        self.clock_offset = 0.0
        """The clock correction that it was signed with, in seconds."""


class PostScheduler:
    """The posts of one fan-out. Those to the same connection go one by one, in their order."""

    def __init__(
        self,
        posts: Iterable[tuple[ConnectionId, bytes]],
        remaining: Callable[[], float],
        slow: SlowConnections,
        random: Callable[[], float] = random_fraction,
    ) -> None:
        """`remaining` gives the seconds to the deadline; `posts` is consumed as it goes."""
        self.result = FanOutResult()
        self._posts = iter(posts)
        self._remaining = remaining
        self._slow = slow
        self._random = random
        self._in_progress: dict[ConnectionId, Post] = {}
        self._retries: list[tuple[float, int, Post]] = []
        self._order = 0
        self._next: Post | None = None
        self._exhausted = False

    def take(self, now: float) -> Post | None:
        """Return the post to send now, or None while no post may be sent."""
        if self._remaining() < RESERVE:
            return None
        if self._retries and self._retries[0][0] <= now:
            return heapq.heappop(self._retries)[2]
        while (post := self._peek()) is not None:
            if post.connection_id in self._in_progress:
                return None
            self._next = None
            if post.connection_id in self._slow:
                self.result.slow.append(post.connection_id)
                continue
            self._in_progress[post.connection_id] = post
            return post
        return None

    def report(self, post: Post, status: int, now: float) -> None:
        """Record the outcome of a post: an HTTP status, or `NO_RESPONSE`."""
        post.tried += 1
        if 200 <= status < 300:
            self.result.delivered += 1
        elif status == 410:
            self.result.gone.append(post.connection_id)
        elif status not in (NO_RESPONSE, 429) and status < 500:
            self.result.refused.append(post.connection_id)
        elif post.tried < TRIES:
            self._retry_later(post, now)
            return
        else:
            self.result.slow.append(post.connection_id)
            self._slow.add(post.connection_id)
        del self._in_progress[post.connection_id]

    @property
    def is_finished(self) -> bool:
        """Return True once every post has an outcome."""
        return not self._in_progress and self._peek() is None

    @property
    def is_time_up(self) -> bool:
        """Return True once posts in flight must be given up."""
        in_flight = len(self._in_progress) - len(self._retries)
        return self._remaining() < (GIVE_UP_SECONDS if in_flight else RESERVE)

    def wait_seconds(self, now: float) -> float:
        """Return the seconds until a retry is due, or until the deadline must be checked again."""
        if not self._retries:
            return CHECK_SECONDS
        return max(0.0, min(CHECK_SECONDS, self._retries[0][0] - now))

    def give_up(self) -> FanOutResult:
        """Return the result, with every post that has no outcome as unsent."""
        self.result.unsent.extend(self._in_progress)
        while (post := self._peek()) is not None:
            self._next = None
            self.result.unsent.append(post.connection_id)
        return self.result

    def _peek(self) -> Post | None:
        if self._next is None and not self._exhausted:
            item = next(self._posts, None)
            self._exhausted = item is None
            self._next = Post(*item) if item else None
        return self._next

    def _retry_later(self, post: Post, now: float) -> None:
        self._order += 1
        due = now + full_jitter(_BACKOFF, post.tried, self._random)
        heapq.heappush(self._retries, (due, self._order, post))

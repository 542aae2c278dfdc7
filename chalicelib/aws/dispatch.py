"""What a fan-out does next, without doing it: a core that is fed answers and gives posts.

Whoever drives it (threads with boto3, one selector with the lean wire) calls `take` while it has
room, sends what it gets, and reports each answer with `answered`. Time is an argument.
"""

import heapq
import threading
from collections.abc import Callable, Iterable

from chalicelib.aws.refusals import NO_ANSWER
from chalicelib.aws.retry import chance, full_jitter
from chalicelib.domain.posts import FanOutResult
from chalicelib.domain.types import ConnectionId, Millis

TRIES = 3
POST_TIMEOUT = 3.0
"""Seconds that one post may take."""
RESERVE = 4.0
"""Seconds before the deadline at which no new post is taken: room for one that times out."""
LAST_CALL = 1.0
"""Seconds before the deadline at which posts in the air are given up."""
LOOK_EVERY = 0.1
"""Seconds between looks at the deadline and at posts without an answer."""
_BACKOFF = 0.1
_LEFT_ALONE = 30_000


class SlowConnections:
    """The connections that are left alone for 30 seconds; one memory for a process. Thread-safe."""

    def __init__(self, clock: Callable[[], Millis]) -> None:
        self._clock = clock
        self._until: dict[ConnectionId, int] = {}
        self._lock = threading.Lock()

    def add(self, connection_id: ConnectionId) -> None:
        now = self._clock()
        with self._lock:
            self._until.pop(connection_id, None)
            self._until[connection_id] = now + _LEFT_ALONE
            # Entries stand in the order in which they end, so the memory stays small at no cost.
            while self._until[oldest := next(iter(self._until))] <= now:
                del self._until[oldest]

    def __contains__(self, connection_id: ConnectionId) -> bool:
        return bool(self._until) and self._until.get(connection_id, 0) > self._clock()


class Post:
    """One message on its way to one connection."""

    __slots__ = ("clock_offset", "connection_id", "data", "tried")

    def __init__(self, connection_id: ConnectionId, data: bytes) -> None:
        self.connection_id = connection_id
        self.data = data
        self.tried = 0
        self.clock_offset = 0.0
        """What the clock was corrected by when it was signed, in seconds."""


class Dispatch:
    """One fan-out. Posts to the same connection go one after the other, in their order."""

    def __init__(
        self,
        posts: Iterable[tuple[ConnectionId, bytes]],
        remaining: Callable[[], float],
        slow: SlowConnections,
        random: Callable[[], float] = chance,
    ) -> None:
        """`remaining` gives the seconds to the deadline; `posts` is consumed as it goes."""
        self.result = FanOutResult()
        self._posts = iter(posts)
        self._remaining = remaining
        self._slow = slow
        self._random = random
        self._in_work: dict[ConnectionId, Post] = {}
        self._retries: list[tuple[float, int, Post]] = []
        self._order = 0
        self._next: Post | None = None
        self._exhausted = False

    def take(self, now: float) -> Post | None:
        """The post to send now, or None while there is none that may be sent."""
        if self._remaining() < RESERVE:
            return None
        if self._retries and self._retries[0][0] <= now:
            return heapq.heappop(self._retries)[2]
        while (post := self._upcoming()) is not None:
            if post.connection_id in self._in_work:
                return None
            self._next = None
            if post.connection_id in self._slow:
                self.result.slow.append(post.connection_id)
                continue
            self._in_work[post.connection_id] = post
            return post
        return None

    def answered(self, post: Post, status: int, now: float) -> None:
        """Reports what came back: an HTTP status, or `NO_ANSWER`."""
        post.tried += 1
        if 200 <= status < 300:
            self.result.delivered += 1
        elif status == 410:
            self.result.gone.append(post.connection_id)
        elif status not in (NO_ANSWER, 429) and status < 500:
            self.result.refused.append(post.connection_id)
        elif post.tried < TRIES:
            self._retry_later(post, now)
            return
        else:
            self.result.slow.append(post.connection_id)
            self._slow.add(post.connection_id)
        del self._in_work[post.connection_id]

    @property
    def finished(self) -> bool:
        """Whether every post has its outcome."""
        return not self._in_work and self._upcoming() is None

    @property
    def over(self) -> bool:
        """Whether the time is up: what is still in the air is to be given up."""
        air = len(self._in_work) - len(self._retries)
        return self._remaining() < (LAST_CALL if air else RESERVE)

    def wait(self, now: float) -> float:
        """Seconds until something may be due, or the deadline is to be looked at again."""
        if not self._retries:
            return LOOK_EVERY
        return max(0.0, min(LOOK_EVERY, self._retries[0][0] - now))

    def give_up(self) -> FanOutResult:
        """The result, with everything that has no outcome as unsent."""
        self.result.unsent.extend(self._in_work)
        while (post := self._upcoming()) is not None:
            self._next = None
            self.result.unsent.append(post.connection_id)
        return self.result

    def _upcoming(self) -> Post | None:
        if self._next is None and not self._exhausted:
            item = next(self._posts, None)
            self._exhausted = item is None
            self._next = Post(*item) if item else None
        return self._next

    def _retry_later(self, post: Post, now: float) -> None:
        self._order += 1
        due = now + full_jitter(_BACKOFF, post.tried, self._random)
        heapq.heappush(self._retries, (due, self._order, post))

"""The scheduler of a fan-out: order, retries, deadlines, slow connections. No I/O, no waiting."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.aws.fanout.scheduler import (
    CHECK_SECONDS,
    TRIES,
    Post,
    PostScheduler,
    SlowConnections,
)
from chalicelib.aws.refusals import NO_RESPONSE
from chalicelib.domain.types import ConnectionId, Millis

Work = list[tuple[ConnectionId, bytes]]


class _Time:
    """The process's clock (ms) and the seconds that are left, both moved by hand."""

    def __init__(self) -> None:
        self.now = 1_000_000
        self.left = 60.0

    def clock(self) -> Millis:
        return Millis(self.now)

    def remaining(self) -> float:
        return self.left


@pytest.fixture
def time() -> _Time:
    return _Time()


def _work(*names: str) -> Work:
    return [(ConnectionId(name), str(number).encode()) for number, name in enumerate(names)]


def _scheduler(time: _Time, work: Work) -> PostScheduler:
    return PostScheduler(work, time.remaining, SlowConnections(time.clock), lambda: 0.5)


def _taken(scheduler: PostScheduler, now: float = 0.0) -> list[Post]:
    posts = []
    while (post := scheduler.take(now)) is not None:
        posts.append(post)
    return posts


@pytest.mark.parametrize("status", [429, 500, 503, NO_RESPONSE])
def test_retryable_posts_are_tried_three_times_with_growing_delays(
    time: _Time, status: int
) -> None:
    scheduler = _scheduler(time, _work("a"))
    now = 0.0
    for delay in (0.05, 0.1):
        [post] = _taken(scheduler, now)
        scheduler.report(post, status, now)
        assert _taken(scheduler, now + delay - 0.001) == []
        assert scheduler.wait_seconds(now) == pytest.approx(min(delay, CHECK_SECONDS))
        now += delay
    [post] = _taken(scheduler, now)
    assert post.tried == TRIES - 1
    scheduler.report(post, status, now)
    assert scheduler.is_finished
    assert scheduler.give_up().slow == ["a"]


def test_slow_connections_are_forgotten_after_thirty_seconds(time: _Time) -> None:
    slow = SlowConnections(time.clock)
    for number in range(100):
        slow.add(ConnectionId(f"c{number}"))
        time.now += 1000
    kept = [number for number in range(100) if ConnectionId(f"c{number}") in slow]
    assert kept == list(range(71, 100))


def test_new_posts_stop_at_the_reserve_and_posts_in_flight_later(time: _Time) -> None:
    scheduler = _scheduler(time, _work("a", "b"))
    assert not scheduler.is_time_up
    post = scheduler.take(0.0)
    time.left = 3.9
    assert scheduler.take(0.0) is None
    assert not scheduler.is_time_up
    time.left = 0.9
    assert scheduler.is_time_up
    assert post is not None
    assert scheduler.give_up().unsent == ["a", "b"]


def test_a_post_that_waits_for_its_retry_does_not_hold_up_the_end(time: _Time) -> None:
    scheduler = _scheduler(time, _work("a"))
    [post] = _taken(scheduler)
    scheduler.report(post, 429, 0.0)
    time.left = 3.9
    assert scheduler.is_time_up
    assert scheduler.give_up().unsent == ["a"]


_statuses = st.sampled_from([200, 204, 400, 403, 410, 413, 429, 500, NO_RESPONSE])


@given(
    names=st.lists(st.sampled_from("abcdef"), max_size=30),
    statuses=st.lists(_statuses, min_size=1, max_size=50),
    room=st.integers(1, 4),
    stop_after=st.none() | st.integers(0, 40),
)
def test_every_post_has_exactly_one_outcome_and_none_overtakes_another(
    names: list[str], statuses: list[int], room: int, stop_after: int | None
) -> None:
    time = _Time()
    scheduler = _scheduler(time, _work(*names))
    air: list[Post] = []
    first_sent: dict[str, list[bytes]] = {}
    now, steps = 0.0, 0
    while not scheduler.is_finished and not scheduler.is_time_up:
        while len(air) < room and (post := scheduler.take(now)) is not None:
            assert post.connection_id not in {other.connection_id for other in air}
            if post.tried == 0:
                first_sent.setdefault(post.connection_id, []).append(post.data)
            air.append(post)
        if air:
            scheduler.report(air.pop(0), statuses[steps % len(statuses)], now)
        now += max(0.001, scheduler.wait_seconds(now))
        steps += 1
        if steps == stop_after:
            time.left = 0.5
    result = scheduler.give_up()
    outcomes = [*result.gone, *result.slow, *result.refused, *result.unsent]
    assert result.delivered + len(outcomes) == len(names)
    for name, sent in first_sent.items():
        order = [data for connection_id, data in _work(*names) if connection_id == name]
        assert [data for data in order if data in sent] == sent

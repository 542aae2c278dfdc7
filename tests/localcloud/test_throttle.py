"""The token buckets of a stage's routes."""

from localcloud.gateway.throttle import Throttle


def test_changed_limits_start_with_a_full_bucket() -> None:
    throttle = Throttle(lambda: 0)
    assert not throttle.take("prod", "heartbeat", 0, 0)

    taken = [throttle.take("prod", "heartbeat", 100, 2) for _ in range(3)]

    assert taken == [True, True, False]

"""Retries: which calls are retried, and after which delay."""

import pytest

from chalicelib.aws.refusals import NO_RESPONSE, Refusal
from chalicelib.aws.retry import Policy, Retries, full_jitter, random_fraction
from chalicelib.errors import RequestRejected, ServiceDown, Throttled


class _Service:
    """A service that raises the given refusals one by one, then returns."""

    def __init__(self, *refusals: Refusal) -> None:
        self.refusals = list(refusals)
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.refusals:
            raise self.refusals.pop(0)
        return "done"


class _Time:
    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def _retries(time: _Time, tries: int = 4, seconds: float = 60.0) -> Retries:
    policy = Policy(tries=tries, base=0.1, seconds=seconds)
    return Retries(policy, sleep=time.sleep, random=lambda: 0.5, now=lambda: time.now)


DOWN = Refusal(500, "InternalServerError", "")
THROTTLED = Refusal(400, "ThrottlingException", "")
CONFLICT = Refusal(400, "TransactionConflictException", "")
NOTHING = Refusal(NO_RESPONSE, "", "timed out")


def test_delays_double_up_to_a_second_with_full_jitter() -> None:
    assert [full_jitter(0.1, tried, lambda: 1.0) for tried in range(1, 7)] == [
        0.1, 0.2, 0.4, 0.8, 1.0, 1.0,
    ]  # fmt: skip
    assert full_jitter(0.1, 3, lambda: 0.0) == 0.0
    assert all(0 <= random_fraction() < 1 for _ in range(100))


def test_it_waits_between_tries() -> None:
    time = _Time()
    service = _Service(DOWN, THROTTLED, CONFLICT)
    assert _retries(time).run(service) == "done"
    assert time.slept == [0.05, 0.1, 0.2]


@pytest.mark.parametrize(
    ("refusal", "error"),
    [(DOWN, ServiceDown), (NOTHING, ServiceDown), (THROTTLED, Throttled), (CONFLICT, Throttled)],
)
def test_the_last_refusal_is_the_error(refusal: Refusal, error: type[Exception]) -> None:
    service = _Service(*[refusal] * 4)
    with pytest.raises(error):
        _retries(_Time()).run(service)
    assert service.calls == 4


def test_a_refusal_that_is_not_retryable_is_not_retried() -> None:
    service = _Service(Refusal(400, "ValidationException", ""))
    with pytest.raises(RequestRejected):
        _retries(_Time()).run(service)
    assert service.calls == 1


def test_no_retry_begins_after_the_time_limit() -> None:
    service = _Service(*[DOWN] * 4)
    with pytest.raises(ServiceDown):
        _retries(_Time(), seconds=0.1).run(service)
    assert service.calls == 3


def test_a_service_that_is_down_is_not_hit_by_a_storm_of_retries() -> None:
    retries = _retries(_Time())
    services = [_Service(*[DOWN] * 4) for _ in range(100)]
    for service in services:
        with pytest.raises(ServiceDown):
            retries.run(service)
    assert sum(service.calls for service in services) == 100 + 100
    assert services[-1].calls == 1


def test_successes_earn_the_budget_back() -> None:
    retries = _retries(_Time())
    for _ in range(300):
        assert retries.run(_Service(DOWN)) == "done"


def test_contention_costs_no_budget() -> None:
    retries = _retries(_Time())
    for _ in range(200):
        with pytest.raises(Throttled):
            retries.run(_Service(*[CONFLICT] * 4))
    service = _Service(DOWN)
    assert retries.run(service) == "done"

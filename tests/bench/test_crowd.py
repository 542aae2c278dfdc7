"""The crowds of the benchmark, in small."""

import json
import math

import pytest

from bench.crowd import storms
from bench.crowd.storms import quantile
from bench.crowd.suite import SUITE
from bench.harness import HERE, ROOT
from chalicelib import wiring


@pytest.fixture(autouse=True)
def own_services(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the services of the process as they were."""
    monkeypatch.setattr(wiring, "_installed", [])


def test_everybody_of_a_small_crowd_gets_in() -> None:
    outcome = storms.joins(ROOT, rate=10, seconds=1)
    assert (outcome.tried, outcome.refused, outcome.exact) == (10, 0, True)
    assert 0 < outcome.p95 < 1000


def test_the_same_seed_gives_the_same_crowd() -> None:
    first, second = (storms.joins(ROOT, rate=30, seconds=1) for _ in range(2))
    assert first == second


def test_a_small_crowd_comes_back() -> None:
    outcome = storms.come_back(ROOT, size=10)
    assert (outcome.refused, outcome.exact) == (0, True)


def test_a_small_crowd_closes_its_sockets() -> None:
    outcome = storms.close(ROOT, size=10)
    assert (len(outcome.latencies), outcome.exact) == (10, True)


def test_nobody_is_left_after_an_end() -> None:
    outcome = storms.end(ROOT, size=20)
    assert (outcome.refused, outcome.exact) == (0, True)
    assert outcome.seconds < 60


def test_there_are_as_many_listeners_as_seats() -> None:
    outcome = storms.seats(ROOT, tries=8, capacity=5)
    assert (outcome.refused, outcome.exact) == (3, True)


def test_every_seat_of_every_shard_can_be_had() -> None:
    """A capacity of 100 is four shards: who finds its own full takes a seat of another."""
    outcome = storms.seats(ROOT, tries=110, capacity=100)
    assert (outcome.refused, outcome.exact) == (10, True)


def test_captions_at_an_empty_door_wait_for_nobody() -> None:
    outcome = storms.captions(ROOT, rate=0, seconds=1)
    assert (outcome.tried, outcome.refused) == (5, 0)
    assert outcome.p95 < 20


def test_the_version_before_refused_what_was_measured_of_it() -> None:
    """Of 500 joins in 5 s 15 % and of 1,000 in 5 s 45 %, on a slowed clock with real threads."""
    before = json.loads((HERE / "crowd" / "before.json").read_text())
    assert before.keys() == SUITE.keys()
    assert before["50 joins a second"]["refused"] == 0
    assert 0.10 < before["100 joins a second"]["refused"] / 500 < 0.20
    assert 0.40 < before["200 joins a second"]["refused"] / 1000 < 0.50


def test_a_quantile_is_one_of_the_values() -> None:
    values = [float(number) for number in range(1, 101)]
    assert (quantile(values, 0.5), quantile(values, 0.95)) == (50, 95)
    assert quantile([3.0], 0.95) == 3
    assert math.isnan(quantile([], 0.5))

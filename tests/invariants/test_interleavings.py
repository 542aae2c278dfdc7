"""Two things at once, in a sample of their orders (`make test-nightly` plays all of them)."""

from typing import Any

import pytest

from tests.invariants.interleaving.acts import ACTS, Act
from tests.invariants.interleaving.calls import Call
from tests.invariants.interleaving.cells import cell_named, pairs, some_triples
from tests.invariants.interleaving.exploration import Exploration
from tests.invariants.interleaving.play import Player, decode, encode
from tests.invariants.interleaving.sample import play_sample
from tests.invariants.interleaving.scheduler import Known, Schedule, Scheduler

BOUND = 2


@pytest.mark.parametrize("act", ACTS, ids=str)
def test_the_rules_hold_whatever_happens_at_the_same_time(act: Act) -> None:
    cells = [cell for cell in pairs() if cell.acts[0] is act]

    broken = play_sample(Player(), cells)

    assert not broken, "\n".join(map(str, broken))


def test_each_act_meets_each_and_itself_on_one_socket() -> None:
    cells = pairs()
    met = {frozenset(act.name for act in cell.acts) for cell in cells}
    twice = [
        one for one, other in (cell.acts for cell in cells if not any(cell.clients)) if one is other
    ]

    assert met == {frozenset((one.name, other.name)) for one in ACTS for other in ACTS}
    assert twice == ACTS


def test_a_schedule_is_played_again_by_its_name() -> None:
    player, cell = Player(), cell_named("resume + close of the listener with 1006")
    schedules = _all_schedules(player, "resume + close of the listener with 1006")

    for schedule in schedules:
        again = player.replay(cell, decode(encode(schedule.choices)))
        assert again.schedule.calls == schedule.calls


def test_a_transaction_is_met_between_its_two_steps() -> None:
    labels = [
        [call.label.split()[0] for _, call in schedule.calls]
        for schedule in _all_schedules(Player(), "join + leave")
    ]

    assert any(_is_held_twice(each) for each in labels)


def test_triples_are_others_for_another_seed() -> None:
    assert some_triples(20, seed=1) != some_triples(20, seed=2)
    assert some_triples(20, seed=1) == some_triples(20, seed=1)


@pytest.mark.parametrize(("bound", "orders"), [(0, 2), (1, 4), (2, 6)])
def test_of_two_calls_each_every_order_within_the_bound_is_found(bound: int, orders: int) -> None:
    log, schedules = _explored(bound, "one", "one")

    assert len(schedules) == len(set(map(tuple, log))) == orders


def test_calls_that_have_nothing_in_common_come_in_one_order() -> None:
    _, schedules = _explored(2, "one", "other")

    assert len(schedules) == 1


def test_who_sleeps_lets_the_other_make_a_step() -> None:
    scheduler, log = Scheduler(), []

    def sleeper() -> None:
        scheduler.sleep(1)
        scheduler.step(Call("sleeper"))
        log.append("sleeper")

    def other() -> None:
        scheduler.step(Call("other"))
        log.append("other")

    scheduler.play([sleeper, other])

    assert log == ["other", "sleeper"]


def test_acts_that_sleep_before_their_first_call_are_explored() -> None:
    schedules = _all_schedules(Player(), "first reply + first reply")

    assert len(schedules) > 1


def _all_schedules(player: Player, name: str) -> list[Schedule]:
    play, _ = player.prepared(cell_named(name))
    return list(Exploration(play, BOUND).schedules())


def _is_held_twice(labels: list[str]) -> bool:
    """Return whether a second transaction comes while a first holds its items."""
    held = 0
    for label in labels:
        if label == "hold" and held:
            return True
        held += (label == "hold") - (label == "write")
    return False


def _explored(bound: int, *items: str) -> tuple[list[list[Any]], list[Schedule]]:
    """Explore acts that each write an item twice. Return the orders of the writes."""
    scheduler = Scheduler()
    logs: list[list[Any]] = []

    def play(choices: Any, known: Known) -> Schedule:
        log: list[Any] = []

        def writer(name: int, item: str) -> None:
            for _ in range(2):
                scheduler.step(Call(item, writes=frozenset({(item,)})))
                log.append(name)

        acts = [lambda name=name, item=item: writer(name, item) for name, item in enumerate(items)]
        schedule = scheduler.play(acts, choices, known)
        if not schedule.abandoned:
            logs.append(log)
        return schedule

    return logs, list(Exploration(play, bound).schedules())

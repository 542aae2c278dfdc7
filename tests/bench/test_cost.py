"""The cost of each action: counts, which do not depend on the machine."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from bench.billing.rooms import Counted, Room, counted, floor


@pytest.fixture(scope="module")
def designs() -> Iterator[dict[str, Counted]]:
    with counted() as both:
        yield both


def test_a_heartbeat_is_one_write_and_two_messages(designs: dict[str, Counted]) -> None:
    used = designs["Lectern"].few["heartbeat"]

    assert (used.read_units, used.write_units) == (0, 1)
    assert (used.messages, used.invocations, used.queue_requests) == (2, 1, 0)
    assert used.log_bytes < 600


def test_a_broadcast_reads_and_writes_as_much_however_many_listen(
    designs: dict[str, Counted],
) -> None:
    a_listener = designs["Lectern"].for_listener["broadcast"]

    assert a_listener.messages == 1
    assert a_listener.write_units == 0
    assert a_listener.read_units < 0.05


def test_statuses_do_not_read_connections(designs: dict[str, Counted]) -> None:
    assert designs["Lectern"].for_listener["status"].read_units == 0
    assert designs["naive"].for_listener["status"].read_units > 0


def test_the_cost_of_a_stage_stays_near_that_of_the_gateway_alone(
    designs: dict[str, Counted],
) -> None:
    room = Room(100, sessions=100)
    lectern, naive = (
        replace(designs[name].stage(room), lambda_ms=0).total for name in ("Lectern", "naive")
    )  # without Lambda's time, which is measured and not counted

    assert lectern < 0.95 * naive
    assert lectern < 1.47 * floor(room).total

"""Many listeners on real sockets: everything that is said reaches every one of them."""

import pytest

from bench.room import fill


def test_fifty_broadcasts_at_once_reach_everybody_in_a_room() -> None:
    assert fill(listeners=150, broadcasts=50)["missing"] == 0


@pytest.mark.nightly
@pytest.mark.timeout(900)
def test_fifty_broadcasts_at_once_reach_a_thousand() -> None:
    assert fill(listeners=1000, broadcasts=50)["missing"] == 0

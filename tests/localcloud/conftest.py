"""Fixtures of the account's tests."""

from collections.abc import Iterator

import pytest

from tests.localcloud.sourced import Sourced
from tests.localcloud.world import World


@pytest.fixture
def world() -> Iterator[World]:
    """An empty account."""
    pytest.importorskip("awslambdaric")  # there are wheels for Linux only
    made = World()
    yield made
    made.close()


@pytest.fixture
def sourced() -> Iterator[Sourced]:
    """An empty account in which event sources run."""
    pytest.importorskip("awslambdaric")
    made = Sourced()
    yield made
    made.close()

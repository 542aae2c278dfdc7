"""Fixtures of the actions' tests."""

from collections.abc import Iterator

import pytest

from chalicelib.actions.background import run
from chalicelib.actions.background.run import Work


@pytest.fixture
def kinds() -> Iterator[dict[str, Work]]:
    """The registered kinds of request; those that a test adds are forgotten after it."""
    before = dict(run.KINDS)
    yield run.KINDS
    run.KINDS.clear()
    run.KINDS.update(before)

"""Fixtures of the actions' tests."""

from collections.abc import Iterator

import pytest

from chalicelib.actions.background import requests
from chalicelib.actions.background.requests import Work


@pytest.fixture
def kinds() -> Iterator[dict[str, Work]]:
    """The registered kinds of request; those that a test adds are forgotten after it."""
    before = dict(requests.registry)
    yield requests.registry
    requests.registry.clear()
    requests.registry.update(before)

"""Fixtures of the sandbox's tests."""

from collections.abc import Iterator

import pytest

from tests.sandbox.plane import Plane, running_plane


@pytest.fixture
def plane(monkeypatch: pytest.MonkeyPatch) -> Iterator[Plane]:
    """A running data plane with a recording app."""
    monkeypatch.setenv("AWS_REGION", "us-east-1")  # Chalice asks for it at every event
    with running_plane() as running:
        yield running

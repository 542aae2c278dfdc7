"""Fixtures of the tests of telemetry."""

import pytest

from tests.chalicelib.telemetry.captured import Captured


@pytest.fixture
def captured() -> Captured:
    """A Telemetry at level INFO, and what it wrote."""
    return Captured()

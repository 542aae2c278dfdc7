"""Fixtures of the attacks."""

import pytest

from tests.security.watched import Watched


@pytest.fixture
def watched() -> Watched:
    """A stack in memory that knows what each message or handshake has changed."""
    return Watched()

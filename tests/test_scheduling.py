"""The lists of `tests/scheduling.py` name files and tests that there are."""

from pathlib import Path

import pytest

from tests.scheduling import GROUPS, LONG, SLOW

TESTS = Path(__file__).parent


@pytest.mark.parametrize("path", [*GROUPS, *LONG])
def test_every_group_has_a_file_or_a_folder(path: str) -> None:
    assert (TESTS.parent / path).exists()


@pytest.mark.parametrize("name", SLOW)
def test_every_slow_test_is_there(name: str) -> None:
    files = list(TESTS.rglob("test_*.py"))

    assert any(name == file.name or f"def {name}(" in file.read_text() for file in files)

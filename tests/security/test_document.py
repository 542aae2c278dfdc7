"""Every test that `docs/run/security.md` names is there, and so is every file of attacks in it."""

import re
from pathlib import Path

from tests.docs.named_tests import functions

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "run" / "security.md"
NOT_ATTACKS = {"test_audit.py", "test_document.py"}


def named() -> set[tuple[str, str]]:
    """File and function of each test in the list of attacks; the latter may be empty."""
    return set(re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", DOCUMENT.read_text()))


def test_every_test_that_is_named_exists() -> None:
    missing = [
        f"{file}::{function}"
        for file, function in named()
        if not (function in functions(ROOT / file) or (not function and (ROOT / file).exists()))
    ]

    assert named()
    assert missing == []


def test_every_file_of_attacks_is_named() -> None:
    files = {path.name for path in Path(__file__).parent.glob("test_*.py")} - NOT_ATTACKS

    assert files <= {Path(file).name for file, _ in named()}

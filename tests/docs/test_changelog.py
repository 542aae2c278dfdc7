"""Each bug that the changelog says is fixed names the tests that fail without the fix."""

import re

from tests.docs.blocks import ROOT
from tests.docs.named_tests import functions

TEXT = (ROOT / "CHANGELOG.md").read_text()
FILES = dict(re.findall(r"^\[(\w+)\]: (\S+)$", TEXT, re.MULTILINE))
"""Where the links at the end lead."""
_NAME = r"\[(test_\w+)\]\[(\w+)\]"
_NAMES = re.compile(rf"\({_NAME}(?:,\s+{_NAME})*\)$")


def fixed() -> list[str]:
    """Every item under "Fixed", whatever the version."""
    sections = re.findall(r"^### Fixed\n(.*?)(?=^#|^\[|\Z)", TEXT, re.MULTILINE | re.DOTALL)
    return [item for section in sections for item in re.split(r"^- ", section, flags=re.M)[1:]]


def named(item: str) -> list[tuple[str, str]]:
    """Function and file of each test that an item names at its end."""
    found = _NAMES.search(item.strip())
    return [
        (name, FILES.get(link, link)) for name, link in re.findall(_NAME, found[0] if found else "")
    ]


def test_every_bug_names_its_test() -> None:
    assert fixed()
    assert [item for item in fixed() if not named(item)] == []


def test_every_test_that_is_named_exists() -> None:
    tests = {test for item in fixed() for test in named(item)}

    assert [test for test in sorted(tests) if test[0] not in functions(ROOT / test[1])] == []


def test_every_file_that_is_linked_is_named() -> None:
    assert set(FILES.values()) == {file for item in fixed() for _, file in named(item)}

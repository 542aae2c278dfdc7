"""Each fixed bug in the changelog names the tests that fail without the fix."""

import re

from tests.docs.blocks import ROOT
from tests.docs.named_tests import functions

CHANGELOG = (ROOT / "CHANGELOG.md").read_text()
EXAMPLE = """
## Unreleased

### Added
- Something new.

### Fixed
- A fix that names
  its test. ([test_every_fix_names_its_tests][changelog])
- A fix that names nothing.
- A fix with a missing test. ([test_of_nothing][changelog])

[changelog]: tests/docs/test_changelog.py
[unused]: tests/docs/test_blocks.py
"""
_TEST = r"\[(test_\w+)\]\[(\w+)\]"
_TESTS = re.compile(rf"\({_TEST}(?:,\s+{_TEST})*\)$")


def links(changelog: str) -> dict[str, str]:
    """Return the target of each link at the end."""
    return dict(re.findall(r"^\[(\w+)\]: (\S+)$", changelog, re.MULTILINE))


def fixes(changelog: str) -> list[str]:
    """Return every item under "Fixed", of any version."""
    sections = re.findall(r"^### Fixed\n(.*?)(?=^#|^\[|\Z)", changelog, re.MULTILINE | re.DOTALL)
    return [item for section in sections for item in re.split(r"^- ", section, flags=re.M)[1:]]


def named_in(fix: str, files: dict[str, str]) -> list[tuple[str, str]]:
    """Return function and file of each test that a fix names at its end."""
    found = _TESTS.search(fix.strip())
    return [
        (name, files.get(link, link)) for name, link in re.findall(_TEST, found[0] if found else "")
    ]


def problems(changelog: str) -> list[str]:
    """Return what is wrong: fixes without tests, tests that do not exist, unused links."""
    files = links(changelog)
    named = {test for fix in fixes(changelog) for test in named_in(fix, files)}
    without = [fix.strip() for fix in fixes(changelog) if not named_in(fix, files)]
    missing = [name for name, file in sorted(named) if name not in functions(ROOT / file)]
    unused = sorted(set(files.values()) - {file for _, file in named})
    return without + missing + unused


def test_every_fix_names_its_tests() -> None:
    assert problems(CHANGELOG) == []


def test_a_fix_without_a_test_a_missing_test_and_an_unused_link_are_found() -> None:
    assert problems(EXAMPLE) == [
        "A fix that names nothing.",
        "test_of_nothing",
        "tests/docs/test_blocks.py",
    ]

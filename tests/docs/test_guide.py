"""The example of CONTRIBUTING works: its patch adds an action in five steps."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.blocks import ROOT, blocks_of

PATCH = ROOT / "docs" / "build" / "examples" / "raise-hand.patch"
_NEEDED = ("chalicelib", "clients", "docs", "localcloud", "sandbox", "terraform", "tests", "tools")
_FILES = ("app.py", "pyproject.toml", "CONTRIBUTING.md")
_LEFT_OUT = shutil.ignore_patterns("node_modules", ".terraform*", "__pycache__", "*.png")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Copy the parts of the repository that an action and its test need."""
    for name in _NEEDED:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=_LEFT_OUT)
    for name in _FILES:
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def test_the_five_steps_lead_to_an_action_that_works(copy: Path) -> None:
    run(copy, "git", "apply", str(PATCH))
    for page in ("asyncapi", "protocol_page"):
        run(copy, sys.executable, "-m", f"tools.{page}")

    tests = (
        "tests/chalicelib/actions/broadcasting/test_raising_hands.py",
        "tests/asyncapi/test_document.py",
    )
    run(copy, sys.executable, "-m", "pytest", "-q", "-n", "0", *tests, "-k", "not parser")


def test_it_takes_one_new_file_and_three_edits_by_hand() -> None:
    changed = re.findall(r"^--- (\S+)$", PATCH.read_text(), re.MULTILINE)

    assert changed.count("/dev/null") == 1
    assert len(changed) == 4


def test_the_guide_shows_the_lines_of_the_example() -> None:
    patch = PATCH.read_text().splitlines()
    written = [line[1:] for line in patch if line.startswith("+") and not line.startswith("+++")]
    guide = (ROOT / "CONTRIBUTING.md").read_text()
    steps = guide.partition("## Add an action")[2].partition("\n## ")[0]

    for block in blocks_of(steps):
        assert {line for line in block.text.splitlines() if line} <= set(written), block.text
    assert f"{len(written)} lines by hand" in steps


def run(directory: Path, *command: str) -> None:
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr

"""The npm packages that the pages' tests need: mermaid, which draws the diagrams, and wscat."""

import fcntl
import shutil
import subprocess
from pathlib import Path

import pytest

_FOLDER = Path(__file__).parent / "npm"
_NEEDED = ("mermaid", "wscat")


def npm_packages() -> Path:
    """Install the packages of the lock file and return their folder; skip the test without npm."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed: it has mermaid and wscat")
    with (_FOLDER / "package.json").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # tests run side by side
        installed = [_FOLDER / "node_modules" / name / "package.json" for name in _NEEDED]
        if not all(each.is_file() for each in installed):
            command = ["npm", "ci", "--silent", "--no-audit", "--no-fund"]
            subprocess.run(command, cwd=_FOLDER, check=True)
    return _FOLDER

"""The JavaScript SDK: its own tests, run by Node, and its size."""

import gzip
import shutil
import subprocess
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "clients" / "js"


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node 20 or newer")
def test_its_own_tests_pass() -> None:
    tests = sorted(str(path.relative_to(PACKAGE)) for path in PACKAGE.glob("test/*.test.js"))
    run = subprocess.run(
        ["node", "--test", *tests], cwd=PACKAGE, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout[-5000:]


def test_it_is_small() -> None:
    # Not even minified: `npm run size` says what it is in a page.
    assert len(gzip.compress((PACKAGE / "lectern.js").read_bytes())) < 12 * 1024

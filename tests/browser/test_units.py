"""The parts of the console that need no browser, tested by Node."""

import shutil
import subprocess
from pathlib import Path

import pytest

UNITS = Path(__file__).parent / "units"


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node 20 or newer")
def test_they_do_as_they_say() -> None:
    tests = sorted(str(path) for path in UNITS.glob("*.test.js"))

    run = subprocess.run(["node", "--test", *tests], capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stdout[-5000:]

"""The diagrams: mermaid itself takes them, and the parts that they show are there."""

import json
import re
import subprocess

from tests.docs.blocks import ROOT
from tests.docs.npm_packages import npm_packages
from tests.docs.test_blocks import ALL, kind

DIAGRAMS = [block for block in ALL if kind(block) == "mermaid"]


def test_mermaid_draws_every_diagram() -> None:
    found = _drawn([block.text for block in DIAGRAMS])

    assert len(found) == len(DIAGRAMS) > 0
    assert [line for line in found if "wrong" in line] == []


def test_mermaid_finds_what_is_wrong() -> None:
    (said,) = _drawn([DIAGRAMS[0].text.replace("-->", "-->>>", 1)])

    assert "wrong" in said


def test_the_diagram_of_the_parts_has_every_function() -> None:
    (parts,) = [block.text for block in DIAGRAMS if block.text.startswith("flowchart")]
    app = (ROOT / "app.py").read_text()
    functions = set(re.findall(r'^@app\.(?:on_|schedule)[^\n]*name="(\w+)"', app, re.MULTILINE))
    functions |= set(re.findall(r'^    name="(\w+)"', app, re.MULTILINE)) | {"api_handler"}

    assert len(functions) == 9
    assert {name for name in functions if name not in parts} == set()


def _drawn(diagrams: list[str]) -> list[str]:
    """What mermaid says of each."""
    done = subprocess.run(
        ["node", "draw.mjs"],
        cwd=npm_packages(),
        input=json.dumps(diagrams),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()

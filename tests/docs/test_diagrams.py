"""The diagrams: mermaid draws them, and they show the functions and packages that exist."""

import json
import re
import subprocess
import tomllib

from tests.docs.blocks import ROOT
from tests.docs.npm_packages import npm_packages
from tests.docs.test_blocks import ALL, kind

DIAGRAMS = [block for block in ALL if kind(block) == "mermaid"]


def test_mermaid_draws_every_diagram() -> None:
    found = _drawn([block.text for block in DIAGRAMS])

    assert len(found) == len(DIAGRAMS) > 0
    assert [line for line in found if "wrong" in line] == []


def test_mermaid_finds_what_is_wrong() -> None:
    (result,) = _drawn([DIAGRAMS[0].text.replace("-->", "-->>>", 1)])

    assert "wrong" in result


def test_the_diagram_of_the_parts_has_every_function() -> None:
    parts = diagram("flowchart LR")
    app = (ROOT / "app.py").read_text()
    functions = set(re.findall(r'^@app\.(?:on_|schedule)[^\n]*name="(\w+)"', app, re.MULTILINE))
    functions |= set(re.findall(r'^    name="(\w+)"', app, re.MULTILINE)) | {"api_handler"}

    assert len(functions) == 11
    assert {name for name in functions if name not in parts} == set()


def test_the_diagram_of_the_packages_has_each_of_them_and_no_arrow_upwards() -> None:
    packages = diagram("flowchart TB")
    folders = {path.parent.name for path in (ROOT / "chalicelib").glob("**/__init__.py")}
    arrows = [line for line in packages.splitlines() if "-->" in line]

    assert {name for name in folders - {"chalicelib"} if name not in packages} == set()
    layers = _layers()
    for line in arrows:
        for above, below in _pairs(line):
            if above in layers and below in layers:
                assert layers.index(above) <= layers.index(below), line


def diagram(kind_of_diagram: str) -> str:
    """Return the one diagram that begins so."""
    (found,) = [block.text for block in DIAGRAMS if block.text.startswith(kind_of_diagram)]
    return found


def _layers() -> list[str]:
    """Return the packages of `chalicelib/actions` from top to bottom, as import-linter has them."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (layers,) = [
        each["layers"]
        for each in contracts["contracts"]
        if each.get("containers") == ["chalicelib.actions"]
    ]
    return [name for layer in layers for name in layer.split(" | ")]


def _pairs(arrow: str) -> list[tuple[str, str]]:
    """Return the names at both ends of each arrow of a line."""
    above, _, below = re.sub(r"\[.*?\]", "", arrow).strip().partition(" --> ")
    return [(start, end) for start in above.split(" & ") for end in below.split(" & ")]


def _drawn(diagrams: list[str]) -> list[str]:
    """Return mermaid's result for each."""
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

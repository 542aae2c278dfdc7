"""The modules of both SDKs are laid out alike, and imports go one way."""

import re
from pathlib import Path
from posixpath import dirname, normpath

import pytest

CLIENTS = Path(__file__).parents[2] / "clients"
_LAYERS = [
    {"__init__", "index"},
    {"api"},
    {"listener", "speaker"},
    {"session"},
    {"receiving", "sending"},
    {"connection"},
    {"emitter", "errors", "link", "messages", "options", "sockets", "streams"},
]
"""Packages and top-level modules, by layer. Each may import its own layer's and those below."""

Imports = dict[str, set[str]]


def python_imports() -> Imports:
    root = CLIENTS / "python" / "src" / "lectern_client"
    pattern = re.compile(r"^from lectern_client(?:\.([\w.]+))? import (\w+)", re.MULTILINE)
    return {
        str(path.relative_to(root).with_suffix("")): {
            (module or name).replace(".", "/") for module, name in pattern.findall(path.read_text())
        }
        for path in root.rglob("*.py")
    }


def javascript_imports() -> Imports:
    root = CLIENTS / "js" / "src"
    pattern = re.compile(r"from '(\.[\w./-]+)\.js'")
    imports = {}
    for path in root.rglob("*.js"):
        name = str(path.relative_to(root).with_suffix(""))
        found = pattern.findall(path.read_text())
        imports[name] = {normpath(f"{dirname(name)}/{target}").lstrip("/") for target in found}
    return imports


@pytest.mark.parametrize("imports", [python_imports(), javascript_imports()], ids=["python", "js"])
def test_imports_go_down(imports: Imports) -> None:
    layer = {name: number for number, names in enumerate(_LAYERS) for name in names}
    upward = [
        (module, imported)
        for module, targets in imports.items()
        for imported in targets
        if layer[module.split("/")[0]] > layer[imported.split("/")[0]]
    ]
    assert upward == []


@pytest.mark.parametrize("imports", [python_imports(), javascript_imports()], ids=["python", "js"])
def test_no_imports_go_in_a_circle(imports: Imports) -> None:
    left = dict(imports)
    while free := [module for module, targets in left.items() if not targets & left.keys()]:
        for module in free:
            del left[module]
    assert left == {}

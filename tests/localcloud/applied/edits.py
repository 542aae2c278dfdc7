"""Edits of a copy of the Terraform: each removes one part."""

import json
import re
from pathlib import Path
from typing import Any

from tests.localcloud.applied.cloud import Edit

GENERATED = "chalice.tf.json"


def without_resource(kind: str, name: str) -> Edit:
    """Remove one resource, its override, and references to it by name only."""

    def edit(folder: Path) -> None:
        generated = folder / GENERATED
        content = json.loads(generated.read_text())
        content["resource"].get(kind, {}).pop(name, None)
        address = f"{kind}.{name}"
        generated.write_text(json.dumps(_scrubbed(content, address), indent=2))
        found = sum(_cut_block(file, f'resource "{kind}" "{name}"') for file in folder.glob("*.tf"))
        assert found or address not in generated.read_text()

    return edit


def without_text(file: str, text: str, instead: str = "") -> Edit:
    """Remove a piece of text from a file, or replace it."""

    def edit(folder: Path) -> None:
        content = (folder / file).read_text()
        assert text in content, f"{file} has no {text!r}"
        (folder / file).write_text(content.replace(text, instead))

    return edit


def without_variable(function: str, variable: str) -> Edit:
    """Remove one variable from the environment of a function."""

    def edit(folder: Path) -> None:
        generated = folder / GENERATED
        content = json.loads(generated.read_text())
        variables = content["resource"]["aws_lambda_function"][function]["environment"]
        del variables["variables"][variable]
        generated.write_text(json.dumps(content, indent=2))

    return edit


def without_block(file: str, start: str) -> Edit:
    """Remove the block that starts with the line `start` from a file."""

    def edit(folder: Path) -> None:
        assert _cut_block(folder / file, start), f"{file} has no block {start!r}"

    return edit


def all_of(*edits: Edit) -> Edit:
    """Make several edits, in this order."""

    def edit(folder: Path) -> None:
        for each in edits:
            each(folder)

    return edit


def _cut_block(file: Path, start: str) -> bool:
    content = file.read_text()
    pattern = rf"^(?P<indent> *){re.escape(start)} \{{\n.*?^(?P=indent)\}}\n"
    shorter = re.sub(pattern, "", content, count=1, flags=re.DOTALL | re.MULTILINE)
    file.write_text(shorter)
    return shorter != content


def _scrubbed(value: Any, address: str) -> Any:
    """Return `value` without `address` in any list, such as `depends_on`."""
    if isinstance(value, dict):
        return {name: _scrubbed(each, address) for name, each in value.items()}
    if isinstance(value, list):
        return [_scrubbed(each, address) for each in value if each != address]
    return value

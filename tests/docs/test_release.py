"""The preconditions of a release: one version, a licence, a changelog with the newest version
first."""

import json
import re
import tomllib
from typing import Any

from tests.docs.blocks import ROOT
from tools.version import copies


def project(path: str) -> Any:
    return tomllib.loads((ROOT / path).read_text())["project"]


def package(name: str) -> Any:
    return json.loads((ROOT / "clients" / "js" / name).read_text())


def test_the_clients_have_the_version_of_the_project() -> None:
    version = project("pyproject.toml")["version"]

    for path, text in copies().items():
        assert path.read_text() == text, "run: make version"
    assert project("clients/python/pyproject.toml")["version"] == version
    assert package("package.json")["version"] == version
    assert package("package-lock.json")["version"] == version
    assert package("package-lock.json")["packages"][""]["version"] == version


def test_every_package_names_the_licence() -> None:
    assert "Apache License" in (ROOT / "LICENSE").read_text()
    assert project("pyproject.toml")["license"] == "Apache-2.0"
    assert package("package.json")["license"] == "Apache-2.0"


def test_the_changelog_begins_with_unreleased_changes_or_this_version() -> None:
    version = project("pyproject.toml")["version"]
    newest = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)[0]

    assert newest == "Unreleased" or newest.startswith(f"{version} ")

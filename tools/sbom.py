"""The zip's bill of materials, as CycloneDX 1.6: its packages by name, version and licence.

    python -m tools.sbom            writes terraform/deployment.cdx.json, of deployment.zip

It is read from the zip itself, and identifies the zip by its hash. The same zip gives the same
bytes: there is no time in it, and its serial number is derived from the hash.
"""

import hashlib
import json
import sys
import tomllib
import uuid
import zipfile
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

ROOT = Path(__file__).resolve().parent.parent
_BUNDLED = "chalice"
"""Chalice copies the two files of its runtime without their metadata."""


def write(archive: Path) -> Path:
    """Write the bill of materials beside `archive`, and return its path."""
    target = archive.with_suffix(".cdx.json")
    target.write_text(text(archive))
    return target


def text(archive: Path) -> str:
    """Return the bill of materials of `archive` as sorted JSON."""
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    bom = Bom(serial_number=uuid.uuid5(uuid.NAMESPACE_OID, digest))
    app = _app(digest)
    bom.metadata.component = app
    parts = list(_components(archive))
    bom.components.update(parts)
    bom.register_dependency(app, parts)
    content: dict[str, Any] = json.loads(JsonV1Dot6(bom).output_as_string())
    content["metadata"].pop("timestamp", None)
    return json.dumps(content, indent=2, sort_keys=True) + "\n"


def _app(digest: str) -> Component:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return Component(
        type=ComponentType.APPLICATION,
        name=project["name"],
        version=project["version"],
        bom_ref="app",
        licenses=[LicenseFactory().make_from_string(project["license"])],
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)],
    )


def _components(archive: Path) -> Iterator[Component]:
    with zipfile.ZipFile(archive) as source:
        names = source.namelist()
        for name in sorted(names):
            if name.endswith(".dist-info/METADATA"):
                about = message_from_bytes(source.read(name))
                yield _component(about["Name"], about["Version"], _licence(about))
    if f"{_BUNDLED}/app.py" in names:
        yield _component(_BUNDLED, version(_BUNDLED), "Apache-2.0")


def _component(name: str, number: str, licence: str) -> Component:
    purl = PackageURL("pypi", name=name.lower().replace("_", "-"), version=number)
    return Component(
        name=name,
        version=number,
        purl=purl,
        bom_ref=str(purl),
        licenses=[LicenseFactory().make_from_string(licence)] if licence else [],
    )


def _licence(about: Message) -> str:
    """Return a field of a package's metadata, under its newer or its older name."""
    return str(about["License-Expression"] or about["License"] or "").partition("\n")[0]


if __name__ == "__main__":
    sys.stdout.write(f"{write(ROOT / 'terraform' / 'deployment.zip').relative_to(ROOT)}\n")

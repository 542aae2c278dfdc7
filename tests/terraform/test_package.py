"""The zip for Lambda: the same bytes from the same sources, compiled, nothing for development."""

import hashlib
import json
import os
import random
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tools import sbom
from tools.package import check_requirements, rebuild, report

SOURCES = {
    "app.py": "import chalicelib.words\n\nANSWER = chalicelib.words.WORDS\n",
    "chalicelib/__init__.py": "",
    "chalicelib/words.py": "WORDS = frozenset({'one', 'two', 'three', 'four'})\n",
    "chalicelib/words.txt": "one\ntwo\n",
    "chalicelib/__pycache__/words.cpython-311.pyc": "stale",
}


def zipped(path: Path, order: int) -> Path:
    """Write a zip as Chalice might: entries in some order, with the time of writing."""
    names = list(SOURCES)
    random.Random(order).shuffle(names)
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name, (2000 + order, 1, 1, 0, 0, 0)), SOURCES[name])
    return path


def test_the_same_sources_give_the_same_bytes(tmp_path: Path) -> None:
    archives = [zipped(tmp_path / f"{order}.zip", order) for order in range(3)]

    for archive in archives:
        rebuild(archive)

    assert len({archive.read_bytes() for archive in archives}) == 1


def test_modules_are_compiled_and_used_without_a_look_at_their_source(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "deployment.zip", 1)
    rebuild(archive)
    folder = tmp_path / "task"
    with zipfile.ZipFile(archive) as content:
        content.extractall(folder)
    # Not even a changed source is looked at: the compiled file is taken as it is.
    (folder / "chalicelib" / "words.py").write_text("WORDS = None\n")

    printed = subprocess.run(
        [sys.executable, "-c", "import app; print(sorted(app.ANSWER))"],
        cwd=folder,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert printed.strip() == "['four', 'one', 'three', 'two']"


def test_sources_and_data_stay_for_tracebacks_and_for_reading(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "deployment.zip", 1)
    rebuild(archive)

    with zipfile.ZipFile(archive) as content:
        assert content.read("chalicelib/words.txt") == b"one\ntwo\n"
        assert "chalicelib/words.py" in content.namelist()


def test_a_requirement_that_chalice_could_not_package_is_named(tmp_path: Path) -> None:
    archive = tmp_path / "deployment.zip"
    with zipfile.ZipFile(archive, "w") as content:
        content.writestr("Some_Package-1.0.dist-info/METADATA", "")
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("# why\nsome-package==1.0  # this\nother.package==2.0\n")

    with pytest.raises(SystemExit, match=r"^not in the package: other\.package==2\.0$"):
        check_requirements(requirements, archive)


@pytest.fixture
def real(packaged_app: Path) -> Path:
    """The zip of this very project, which the local cloud's tests apply."""
    return packaged_app / "deployment.zip"


def test_the_zip_has_the_app_its_requirements_and_nothing_else(real: Path) -> None:
    with zipfile.ZipFile(real) as content:
        tops = {name.split("/")[0] for name in content.namelist()}

    packages = {name for name in tops if not name.endswith((".dist-info", ".so", ".py"))}
    assert packages <= {
        "__pycache__",
        "cffi",
        "chalice",
        "chalicelib",
        "cryptography",
        "jwt",
        "msgspec",
        "pycparser",
    }
    assert {"app.py", "chalice", "chalicelib", "msgspec"} <= tops


def test_every_module_of_the_zip_is_compiled(real: Path) -> None:
    with zipfile.ZipFile(real) as content:
        names = set(content.namelist())

    tag = sys.implementation.cache_tag
    for name in names:
        if name.endswith(".py"):
            folder, _, module = name.rpartition("/")
            compiled = f"__pycache__/{module.removesuffix('.py')}.{tag}.pyc"
            assert (f"{folder}/{compiled}" if folder else compiled) in names


def test_the_report_says_size_content_and_hash(real: Path) -> None:
    last = report(real).splitlines()[-1]

    assert "deployment.zip" in last
    assert "sha256" in last
    assert "chalicelib" in report(real)


def test_the_bill_of_materials_lists_what_the_zip_has(real: Path) -> None:
    bill = json.loads(sbom.text(real))
    with zipfile.ZipFile(real) as content:
        names = content.namelist()
    folders = {name.split("/")[0] for name in names if name.endswith(".dist-info/METADATA")}

    listed = {f"{each['name']}-{each['version']}.dist-info" for each in bill["components"]}
    (bundled,) = {each for each in listed if each.startswith("chalice-")}
    assert {normal(each) for each in listed - {bundled}} == {normal(each) for each in folders}
    assert all(each["licenses"] for each in bill["components"])
    (digest,) = bill["metadata"]["component"]["hashes"]
    assert digest["content"] == hashlib.sha256(real.read_bytes()).hexdigest()


def test_the_bill_of_materials_has_the_same_bytes_and_keeps_to_its_schema(real: Path) -> None:
    text = sbom.text(real)

    assert sbom.text(real) == text
    assert real.with_suffix(".cdx.json").read_text() == text
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None


def normal(folder: str) -> str:
    return folder.lower().replace("_", "-")

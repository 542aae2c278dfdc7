"""`make package STAGE=dev`: run `chalice package`, and make its output fit to deploy.

Chalice writes `terraform/chalice.tf.json` and `terraform/deployment.zip`. This adds what it lacks:

- the zip is reproducible: the same sources give the same bytes, so Terraform sees no change; -
every module is also compiled, because Lambda discards what it compiles at a cold start; - no
`null_data_source`, whose provider Terraform would download but never use.
"""

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from pathlib import Path

from tools import sbom

ROOT = Path(__file__).resolve().parent.parent
EPOCH = (1980, 1, 1, 0, 0, 0)  # the oldest time that a zip can hold
LAMBDA_ROOT = "/var/task"  # where Lambda unpacks: the paths that tracebacks show


def main() -> None:
    """Package the stage named on the command line, and print the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stage", default="dev")
    parser.add_argument("--project", type=Path, default=ROOT, help="folder of app.py")
    arguments = parser.parse_args()
    target = arguments.project / "terraform"
    package(arguments.project, arguments.stage, target)
    print(report(target / "deployment.zip"))


def package(project: Path, stage: str, target: Path) -> None:
    """Write `chalice.tf.json` and `deployment.zip` of the app in `project` to `target`.

    The zip's bill of materials is beside it: `deployment.cdx.json`.

    Raises subprocess.CalledProcessError if Chalice fails; it has printed why.
    """
    chalice = Path(sys.executable).with_name("chalice")
    # Chalice needs a region, although its Terraform output does not depend on it.
    environment = {"AWS_DEFAULT_REGION": "us-east-1", **os.environ}
    command = [str(chalice), "package", "--stage", stage, "--pkg-format", "terraform", str(target)]
    subprocess.run(command, cwd=project, env=environment, check=True)
    check_requirements(project / "requirements.txt", target / "deployment.zip")
    prune(target / "chalice.tf.json")
    rebuild(target / "deployment.zip")
    sbom.write(target / "deployment.zip")


def check_requirements(requirements: Path, archive: Path) -> None:
    """Fail if a requirement is not in the zip. Chalice only warns if a package has no wheel for
    Lambda.

    Raises SystemExit, which names every line of `requirements` whose package is missing.
    """
    with zipfile.ZipFile(archive) as source:
        folders = {name.split("/", maxsplit=1)[0] for name in source.namelist()}
    lines = [line.partition("#")[0].strip() for line in requirements.read_text().splitlines()]
    present = {_normal(name.removesuffix(".dist-info")) for name in folders}
    missing = [line for line in lines if line and _normal(line.replace("==", "-")) not in present]
    if missing:
        raise SystemExit(f"not in the package: {', '.join(missing)}")


def _normal(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


def prune(template: Path) -> None:
    """Remove the unused null_data_source and its provider from `template`."""
    content = json.loads(template.read_text())
    content["data"].pop("null_data_source", None)
    content["terraform"]["required_providers"].pop("null", None)
    template.write_text(json.dumps(content, indent=2) + "\n")


def rebuild(archive: Path) -> None:
    """Rewrite `archive`: add compiled files, sort entries, fix times and permissions."""
    with tempfile.TemporaryDirectory() as folder:
        unpacked = Path(folder)
        with zipfile.ZipFile(archive) as source:
            source.extractall(unpacked, [n for n in source.namelist() if not n.endswith(".pyc")])
        _compile(unpacked)
        files = sorted(path for path in unpacked.rglob("*") if path.is_file())
        with zipfile.ZipFile(archive, "w") as sink:
            for path in files:
                entry = zipfile.ZipInfo(path.relative_to(unpacked).as_posix(), EPOCH)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o100644 << 16
                sink.writestr(entry, path.read_bytes(), compresslevel=9)


def _compile(folder: Path) -> None:
    # unchecked-hash: Python does not compare the source's time, which a zip does not keep. The
    # hash seed is fixed, because the order of sets affects the bytes.
    command = [sys.executable, "-m", "compileall", "-q", "-f", "-j", "1"]
    command += ["--invalidation-mode", "unchecked-hash", "-s", str(folder), "-p", LAMBDA_ROOT]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    subprocess.run([*command, str(folder)], env=environment, check=True)


def report(archive: Path) -> str:
    """Yield a line for each package in `archive`, largest first, then size, entries and hash."""
    sizes: Counter[str] = Counter()
    with zipfile.ZipFile(archive) as source:
        entries = source.infolist()
        for entry in entries:
            sizes[entry.filename.split("/", maxsplit=1)[0]] += entry.compress_size
    lines = [f"{size / 1024:9.1f} KB  {name}" for name, size in sizes.most_common()]
    unpacked = sum(entry.file_size for entry in entries)
    lines.append(
        f"{archive.stat().st_size / 1024:9.1f} KB  {archive.name}: {len(entries)} files, "
        f"{unpacked / 1024:.1f} KB unpacked, sha256 {_sha256(archive)}"
    )
    return "\n".join(lines)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    main()

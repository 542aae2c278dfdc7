"""The JavaScript SDK: its own tests, run by Node, and its package."""

import fcntl
import gzip
import json
import shutil
import subprocess
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "clients" / "js"
_NEEDS_NODE = pytest.mark.skipif(shutil.which("node") is None, reason="needs node 20 or newer")
_NEEDS_NPM = pytest.mark.skipif(shutil.which("npm") is None, reason="needs npm")


def run(*command: str) -> str:
    """Run a command in the package's folder. Return what it prints; fail if it fails."""
    result = subprocess.run(command, cwd=PACKAGE, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[-5000:] + result.stderr[-5000:]
    return result.stdout


@pytest.fixture(scope="module")
def tools() -> None:
    """Install the build's tools, esbuild and the TypeScript compiler, from the lock file."""
    with (PACKAGE / "package.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run side by side
        if not (PACKAGE / "node_modules" / ".package-lock.json").is_file():
            run("npm", "ci", "--silent", "--no-audit", "--no-fund")


@_NEEDS_NODE
def test_its_own_tests_pass() -> None:
    tests = sorted(str(path.relative_to(PACKAGE)) for path in PACKAGE.glob("test/*.test.js"))
    run("node", "--enable-source-maps", "--test", *tests)


@_NEEDS_NPM
@pytest.mark.usefixtures("tools")
def test_the_committed_file_is_a_fresh_build() -> None:
    run("node", "build.mjs", "--check")


@_NEEDS_NPM
@pytest.mark.usefixtures("tools")
def test_its_types_compile() -> None:
    run("npm", "run", "--silent", "types")


@_NEEDS_NPM
def test_its_package_has_the_file_its_source_map_and_its_types() -> None:
    (package,) = json.loads(run("npm", "pack", "--dry-run", "--json"))
    names = {file["path"] for file in package["files"]}
    types = {f"types/{path.name}" for path in PACKAGE.glob("types/*")}
    assert names == types | {
        "README.md",
        "lectern.d.ts",
        "lectern.js",
        "lectern.js.map",
        "package.json",
    }


def test_its_source_map_has_every_module() -> None:
    source_map = json.loads((PACKAGE / "lectern.js.map").read_text())
    modules = {str(path.relative_to(PACKAGE)) for path in PACKAGE.glob("src/**/*.js")}
    assert set(source_map["sources"]) == modules
    assert all(source_map["sourcesContent"])


def test_it_is_small() -> None:
    assert len(gzip.compress((PACKAGE / "lectern.js").read_bytes())) < 8 * 1024

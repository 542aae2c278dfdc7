"""Copy the project's version from `pyproject.toml`, its only place, into the clients' packages.

Each client is installed and published by itself, so it needs the version as a literal. `python -m
tools.version 0.2.0` (`make version VERSION=0.2.0`) sets it first.
"""

import re
import sys
import tomllib
from pathlib import Path

from tools.package import ROOT

SOURCE = ROOT / "pyproject.toml"
_CLIENTS = ROOT / "clients"
_COPIES = ("python/pyproject.toml", "js/package.json", "js/package-lock.json")
_VERSION = re.compile(r"\d+\.\d+\.\d+")
_OF_PROJECT = re.compile(r'(name = "lectern"\nversion = )"[^"]*"')
_OF_CLIENT = re.compile(r'("?name"? ?[=:] "lectern-client",?\s+"?version"? ?[=:] )"[^"]*"')


def current() -> str:
    """Return the version of the project."""
    version: str = tomllib.loads(SOURCE.read_text())["project"]["version"]
    return version


def copies() -> dict[Path, str]:
    """Return the content of each file that repeats the version."""
    files = [_CLIENTS / name for name in _COPIES]
    return {path: _OF_CLIENT.sub(rf'\1"{current()}"', path.read_text()) for path in files}


def main(arguments: list[str]) -> int:
    if arguments:
        (new,) = arguments
        if not _VERSION.fullmatch(new):
            print(f"{new!r} is not a version: use three numbers, such as 0.2.0", file=sys.stderr)
            return 2
        SOURCE.write_text(_OF_PROJECT.sub(rf'\1"{new}"', SOURCE.read_text()))
    for path, text in copies().items():
        path.write_text(text)
    print(current())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

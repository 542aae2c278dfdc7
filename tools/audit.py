"""Look for known vulnerabilities in the pinned packages: `python -m tools.audit PROGRAM`.

PROGRAM is pip-audit. It queries PyPI, which has the advisories of the Python Packaging Authority.
If PyPI cannot be reached, or a mirror does not know a package, this prints how much was not
checked. That is no failure, so that work continues without a network; `--required` makes it one.
Exits with 1 for a vulnerability, and with 2 for a required audit that was not possible.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PINNED = ("requirements.txt", "requirements-dev.txt")
"""The requirements of the zip, and of the tools on developers' machines."""
_SECONDS = 300


@dataclass(frozen=True)
class Audit:
    """The result: each vulnerability in a line, and the packages that were unknown."""

    vulnerable: tuple[str, ...]
    unknown: tuple[str, ...]
    checked: int

    @classmethod
    def parse(cls, answer: str) -> "Audit":
        """Parse pip-audit's JSON. Raises ValueError if there is none: PyPI was not reached."""
        packages = json.loads(answer)["dependencies"]
        return cls(
            tuple(line for package in packages for line in _vulnerabilities(package)),
            tuple(each["name"] for each in packages if "skip_reason" in each),
            len(packages),
        )

    def lines(self) -> Iterable[str]:
        """Return the lines to print."""
        yield from (f"VULNERABLE {line}" for line in self.vulnerable)
        known = self.checked - len(self.unknown)
        yield f"{known} of {self.checked} packages audited, {len(self.vulnerable)} vulnerabilities."
        if self.unknown:
            yield f"NOT AUDITED: the service does not know {', '.join(self.unknown)}."


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument(
        "--required", action="store_true", help="fail if the audit is not possible"
    )
    options.add_argument("program", help="path to pip-audit")
    chosen = options.parse_args()
    try:
        audit = Audit.parse(_asked(chosen.program))
    except (ValueError, LookupError, subprocess.TimeoutExpired):
        sys.stdout.write("NOT AUDITED: no service that knows vulnerabilities can be reached.\n")
        return 2 if chosen.required else 0
    sys.stdout.writelines(f"{line}\n" for line in audit.lines())
    if audit.vulnerable:
        return 1
    return 2 if chosen.required and audit.unknown else 0


def _asked(program: str) -> str:
    files = [argument for name in PINNED for argument in ("-r", str(ROOT / name))]
    # --no-deps: every line is a pin, and nothing needs to be installed.
    command = [program, "--disable-pip", "--no-deps", "--progress-spinner=off", "-f=json", *files]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    return done.stdout


def _vulnerabilities(package: dict[str, object]) -> Iterable[str]:
    found = package.get("vulns", [])
    for each in found if isinstance(found, list) else []:
        fixed = ", ".join(each["fix_versions"]) or "no version"
        yield f"{package['name']} {package['version']}: {each['id']}, fixed in {fixed}"


if __name__ == "__main__":
    sys.exit(main())

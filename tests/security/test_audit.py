"""The report of `make audit` for each result of pip-audit."""

import sys
from pathlib import Path

import pytest

from tools import audit

KNOWN = '{"name": "a", "version": "1", "vulns": []}'
UNKNOWN = '{"name": "b", "skip_reason": "not found"}'
BAD = '{"name": "c", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.1"]}]}'


@pytest.mark.parametrize(
    ("packages", "code", "required", "told"),
    [
        ([KNOWN], 0, 0, "1 of 1 packages audited, 0 vulnerabilities."),
        ([KNOWN, UNKNOWN], 0, 2, "NOT AUDITED: the service does not know b."),
        ([KNOWN, UNKNOWN, BAD], 1, 1, "VULNERABLE c 2: PYSEC-1, fixed in 2.1"),
        (None, 0, 2, "NOT AUDITED: no service that knows vulnerabilities can be reached."),
    ],
)
def test_it_says_what_is_vulnerable_and_what_nobody_knows(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    packages: list[str] | None,
    code: int,
    required: int,
    told: str,
) -> None:
    answer = "" if packages is None else f'{{"dependencies": [{", ".join(packages)}]}}'
    program = tmp_path / "pip-audit"
    program.write_text(f"#!/bin/sh\ncat <<'END'\n{answer}\nEND\n")
    program.chmod(0o700)

    for options, expected in (([], code), (["--required"], required)):
        monkeypatch.setattr(sys, "argv", ["audit", *options, str(program)])
        assert audit.main() == expected
        assert told in capsys.readouterr().out


def test_every_exception_from_the_rules_says_why() -> None:
    root = Path(__file__).parents[2]
    files = [
        path
        for room in ("chalicelib", "sandbox", "tools", "operate")
        for path in (root / room).rglob("*.py")
    ]
    marked = [line for path in files for line in path.read_text().splitlines() if "# nosec" in line]

    assert marked
    for line in marked:
        assert line.partition("# nosec B")[2].partition(" # ")[2], line

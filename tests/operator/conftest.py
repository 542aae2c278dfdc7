"""Fixtures of the operator tests."""

import sys
from collections.abc import Iterator

import pytest

from operate.__main__ import main
from tests.operator.serving import Api, Run


@pytest.fixture(scope="session")
def api() -> Iterator[Api]:
    """Serve the operator API over HTTP. Chalice creates its local app once per process."""
    serving = Api()
    yield serving
    serving.close()


@pytest.fixture
def run(api: Api, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the tool in this process; the result is exit code, stdout and stderr."""
    monkeypatch.setenv("LECTERN_OPERATOR_URL", api.url)
    monkeypatch.setenv("COLUMNS", "140")

    def ran(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["operate", *arguments])
        try:
            code = main()
        except SystemExit as end:  # the library's own way out
            code = int(end.code or 0)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return ran

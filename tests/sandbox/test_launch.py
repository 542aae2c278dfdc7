"""The sandbox starts in `chalice local`, and in no other command that loads the app."""

import pytest
from chalice.app import Chalice

import sandbox
from sandbox.launch import is_local


@pytest.mark.parametrize(
    ("command", "local"),
    [
        ("chalice local", True),
        ("chalice local --stage local --port 8000", True),
        ("chalice --project-dir . local --stage local", True),
        ("chalice --debug local --no-autoreload", True),
        ("chalice package --stage local out", False),
        ("chalice package local", False),
        ("chalice --project-dir local deploy", False),
        ("chalice invoke -n local", False),
        ("pytest", False),
    ],
)
def test_only_chalice_local_starts_it(command: str, local: bool) -> None:
    assert is_local(command.split()) is local


def test_elsewhere_it_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["chalice", "package", "--stage", "local", "out"])

    sandbox.start(Chalice("app", env={}))  # it would need SANDBOX_PORT

"""The sandbox starts in `chalice local`, and in no other command that loads the app."""

from pathlib import Path

import pytest
from chalice.app import Chalice
from chalice.cli.filewatch.stat import StatFileWatcher

import sandbox
from sandbox.startup.launch import is_local
from sandbox.startup.reload import watch_sources


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


def test_outside_chalice_local_start_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["chalice", "package", "--stage", "local", "out"])

    sandbox.start(Chalice("app", env={}))  # it would need SANDBOX_PORT


def test_files_that_a_start_writes_cause_no_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chalice's first pass over all files runs while the app is loaded, and hcl2 writes a cache."""
    under_way = StatFileWatcher._single_pass_poll
    for name in ("_single_pass_poll", "_is_changed_file"):
        monkeypatch.setattr(StatFileWatcher, name, getattr(StatFileWatcher, name))
    watcher, restarts = StatFileWatcher(), []
    watcher._seed_mtime_cache(str(tmp_path))
    (tmp_path / "cache.bin").touch()

    watch_sources(tmp_path)
    under_way(watcher, str(tmp_path), lambda: restarts.append("restart"))

    assert restarts == []

"""Chalice's reloader, restricted to the files that the stack is made of.

Chalice walks the whole project every second, including the ten thousand files of `.venv`, and
restarts for compiled files too. (With the package `watchdog` installed, Chalice uses that instead,
and restarts whenever a file is read.)
"""

import contextlib
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from chalice.cli.filewatch.stat import StatFileWatcher

WATCHED = ("app.py", ".chalice/config.json", "chalicelib", "sandbox", "terraform/modules")
SUFFIXES = (".py", ".json", ".tf")
PARENT_POLL_SECONDS = 1.0


def snapshot(project: Path) -> dict[str, int]:
    """Return the modification time of every watched file, by path."""
    found: dict[str, int] = {}
    for name in WATCHED:
        for folder, folders, files in os.walk(project / name):
            folders[:] = [each for each in folders if each not in ("__pycache__", "console")]
            for file in files:
                if file.endswith(SUFFIXES):
                    _note(found, os.path.join(folder, file))
        if "." in name:
            _note(found, str(project / name))
    return found


def watch_sources(project: Path) -> None:
    """Make Chalice's watcher restart when a watched file is changed, added or removed."""
    known = snapshot(project)

    def poll(_: Any, __: str, restart: Callable[[], None]) -> None:
        nonlocal known
        if (now := snapshot(project)) != known:
            known = now
            restart()

    def unchanged(watcher: Any, _: str, seen: dict[str, float]) -> bool:
        watcher._mtime_cache = seen  # a pass compares this with its result at the end
        return False

    StatFileWatcher._single_pass_poll = poll
    StatFileWatcher._is_changed_file = unchanged  # for a pass of Chalice's own that is under way


def follow_parent(leave: Callable[[], None]) -> None:
    """Call `leave` when the parent process is gone, so that no port stays taken."""
    parent = os.getppid()

    def follow() -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_POLL_SECONDS)
        leave()

    threading.Thread(target=follow, name="sandbox-parent", daemon=True).start()


def _note(found: dict[str, int], path: str) -> None:
    with contextlib.suppress(OSError):  # it was removed meanwhile: the next poll sees that
        found[path] = os.stat(path).st_mtime_ns

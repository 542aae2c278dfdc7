"""Makes Chalice's reloader watch what matters, and nothing else.

Chalice walks the whole project every second, `.venv` with its ten thousand files included, and
restarts for compiled files too. Here it looks at the files that the stack is made of. (With the
package `watchdog` installed Chalice does not come to that: it restarts whenever a file is read.)
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
PARENT_POLL = 1.0


def snapshot(project: Path) -> dict[str, int]:
    """The time of change of every watched file, by path."""
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
    """From now on Chalice's watcher restarts when a watched file changes, comes or goes."""
    known = snapshot(project)

    def look(_: Any, __: str, restart: Callable[[], None]) -> None:
        nonlocal known
        if (now := snapshot(project)) != known:
            known = now
            restart()

    def nothing(watcher: Any, _: str, seen: dict[str, float]) -> bool:
        watcher._mtime_cache = seen  # what the pass is compared with at its end
        return False

    StatFileWatcher._single_pass_poll = look
    StatFileWatcher._is_changed_file = nothing  # for a pass of Chalice's own that is under way


def follow_parent(leave: Callable[[], None]) -> None:
    """Calls `leave` when the process that started this one is gone, so that no port stays taken."""
    parent = os.getppid()

    def follow() -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_POLL)
        leave()

    threading.Thread(target=follow, name="sandbox-parent", daemon=True).start()


def _note(found: dict[str, int], path: str) -> None:
    with contextlib.suppress(OSError):  # it went while we looked: the next look sees that
        found[path] = os.stat(path).st_mtime_ns

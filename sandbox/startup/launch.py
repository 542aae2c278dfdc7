"""The start of the sandbox in the process of `chalice local`, called at the end of `app.py`."""

import argparse
import atexit
import os
import signal
import socket
import sys
import threading
import warnings
from collections.abc import MutableMapping, Sequence
from pathlib import Path
from typing import NoReturn

from chalice.app import Chalice

from chalicelib.settings import SettingsError
from chalicelib.telemetry.lines import write_line
from sandbox.cloud.resources import ResourcesError
from sandbox.conditions.current_physics import PhysicsError
from sandbox.startup.collector import collect_seldom
from sandbox.startup.install import install
from sandbox.startup.local_api import correct_local_server
from sandbox.startup.reload import follow_parent, watch_sources
from sandbox.startup.stack import Sandbox

_started = threading.Event()


def launch(app: Chalice) -> None:
    """Start everything in threads and return; do nothing outside `chalice local`.

    The port is `LECTERN_PORT` if the user sets it, else `SANDBOX_PORT`: Chalice replaces variables
    of the user by those of the stage, which has the latter.
    """
    if not is_local(sys.argv) or _started.is_set():
        return
    _started.set()
    environ = os.environ
    if "CHALICE_WORKER" in environ:
        watch_sources(Path.cwd())  # first: what follows may write files, such as the cache of hcl2
        follow_parent(lambda: os._exit(0))
    chalice_port = _check_chalice_port()
    # Chalice warns at every call of the operator API that it does not check IAM authorization.
    warnings.filterwarnings("ignore", message=".*is not a supported in local mode")
    correct_local_server()
    sandbox = _start_sandbox(app, environ)
    collect_seldom()
    atexit.register(sandbox.stop)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(_welcome(sandbox, chalice_port), flush=True)


def is_local(argv: Sequence[str]) -> bool:
    """Return True for `chalice local …`, not for another command with `local` in its options."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--project-dir")
    parser.add_argument("--debug", "--no-debug", action="store_true")
    parser.add_argument("command", nargs="?")
    options, _ = parser.parse_known_args(list(argv[1:]))
    return bool(options.command == "local")


def _start_sandbox(app: Chalice, environ: MutableMapping[str, str]) -> Sandbox:
    port = environ.get("LECTERN_PORT") or environ["SANDBOX_PORT"]
    if not port.isdecimal() or not 0 <= int(port) < 65536:
        _exit_with(f"LECTERN_PORT is {port!r}: it must be a port number")
    try:
        sandbox = Sandbox(
            app, _bound(int(port), "set LECTERN_PORT to another"), install=install, write=write_line
        )
        sandbox.physics.start_by(environ)
        sandbox.start()
    except (ResourcesError, SettingsError) as problem:
        _exit_with(str(problem))
    except PhysicsError as problem:
        _exit_with(f"LECTERN_PHYSICS: {problem}")
    return sandbox


def _check_chalice_port() -> int:
    """Return Chalice's port. Chalice itself would end in a traceback if it is taken, and late."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--port", type=int, default=8000)
    options, _ = parser.parse_known_args()
    _bound(options.port, "start `chalice local --stage local --port` with another").close()
    return int(options.port)


def _bound(port: int, way_out: str) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", port), backlog=1024)
    except OSError as problem:
        _exit_with(
            f"Port {port} is taken ({problem.strerror}): stop what listens there, or {way_out}"
        )


def _exit_with(why: str) -> NoReturn:
    print(f"Lectern cannot start. {why}.", file=sys.stderr, flush=True)
    # This runs in a thread of Chalice's worker, where SystemExit would end no more than the thread.
    os._exit(1)


def _welcome(sandbox: Sandbox, chalice_port: int) -> str:
    socket_url = f"ws://127.0.0.1:{sandbox.port}/local"
    lines = [
        "Lectern runs on this machine. State is in memory: it is lost on an edit or a restart.",
        f"  socket   {socket_url}",
        f"  console  http://127.0.0.1:{sandbox.port}/",
        f"  operator http://127.0.0.1:{chalice_port}/v1/sessions",
    ]
    if "JWT_SECRET" in sandbox.environ:
        token = sandbox.token(sub="speaker-1", tenant=None, ttl=86_400)
        query = f"role=speaker&action=createSession&sourceLanguage=en&token={token}"
        lines += ["  try      " + f"npx wscat -c '{socket_url}?{query}'"]
    return "\n".join(lines)

"""The whole sandbox with Lectern's own handlers, on moto; and where their CPU goes.

    python -m bench.gateways.lectern [profile]

prints its port and a speaker's token, and ends when its input does. With `profile` it then prints
the shares of its CPU by package, as cProfile sees them in every thread.
"""

import cProfile
import json
import os
import socket
import sys
import threading
import time
from collections import defaultdict
from typing import Any

from bench.harness import ROOT

_PLACES = (
    ("moto, boto3 and what they need", ("/moto/", "/boto", "/werkzeug/", "/responses/")),
    ("the sandbox's DynamoDB and SQS", ("/sandbox/cloud/",)),
    ("the sandbox's gateway, stream and jobs", ("/sandbox/",)),
    ("aiohttp, websockets, asyncio", ("/aiohttp/", "/websockets/", "/asyncio/")),
    ("Lectern's wire", ("/chalicelib/aws/",)),
    ("Lectern's handlers", ("/chalicelib/", "/app.py")),
    ("Chalice", ("/chalice/",)),
)
_REST = "Python's library"


class Profiles:
    """One profile for each thread, on the CPU time of that thread."""

    def __init__(self) -> None:
        self._all: list[cProfile.Profile] = []

    def start(self, *_: Any) -> None:
        """Called by each new thread, and by this one."""
        sys.setprofile(None)
        profile = cProfile.Profile(time.thread_time)
        self._all.append(profile)
        profile.enable()

    def shares(self) -> dict[str, float]:
        """Percent of the CPU by package; what is built in counts where it was called."""
        seconds: defaultdict[str, float] = defaultdict(float)
        for profile in self._all:
            for entry in profile.getstats():
                if not isinstance(entry.code, str):
                    own = entry.inlinetime
                    own += sum(e.inlinetime for e in entry.calls or () if isinstance(e.code, str))
                    seconds[_place(entry.code.co_filename)] += own
        whole = sum(seconds.values())
        return {place: 100 * spent / whole for place, spent in seconds.items()}


def _place(file: str) -> str:
    for name, parts in _PLACES:
        if any(part in file for part in parts):
            return name
    return _REST


def main() -> None:
    profiles = Profiles()
    if sys.argv[1:] == ["profile"]:
        threading.setprofile(profiles.start)
        profiles.start()
    os.chdir(ROOT)
    os.environ["LOG_LEVEL"] = "INFO"
    from app import app
    from sandbox.startup.collector import collect_seldom
    from sandbox.startup.install import install
    from sandbox.startup.stack import Sandbox

    sock = socket.create_server(("127.0.0.1", 0), backlog=1024)
    sandbox = Sandbox(app, sock, install=install, write=lambda _: None)
    sandbox.start()
    collect_seldom()
    print(sandbox.port, sandbox.token(sub="speaker-1", tenant=None, ttl=3600), flush=True)
    sys.stdin.read()
    if profiles._all:
        print(json.dumps(profiles.shares()), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()

"""Runs the suite against any stack: `python -m tests.conformance wss://…/prod --token ana=JWT`.

Without a URL a stack is started here. Tests that need a token that was not given, or the clock of
a stack on one machine, are skipped and say so. Names of tokens: `ana` (a user), `eve` (another user
of the same tenant), `ana@other` (of another tenant).
"""

import argparse
import json
import os
import sys
from pathlib import Path

import pytest


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance")
    parser.add_argument("url", nargs="?", help="wss://…/stage; without it one is started here")
    parser.add_argument("--token", action="append", default=[], metavar="NAME=JWT")
    arguments, others = parser.parse_known_args()
    if arguments.url:
        os.environ["LECTERN_URL"] = arguments.url
        tokens = dict(pair.split("=", 1) for pair in arguments.token)
        os.environ["LECTERN_TOKENS"] = json.dumps(tokens)
    here = str(Path(__file__).parent)
    return pytest.main([here, "-p", "no:randomly", "-rs", "-n", "0", *others])


if __name__ == "__main__":
    sys.exit(main())

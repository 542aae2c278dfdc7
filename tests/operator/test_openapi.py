"""docs/run/openapi.yaml matches the code and the behaviour of the API."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from websockets.sync.client import connect

from app import app
from chalicelib.api.operations import OPERATIONS
from tests.operator.serving import Api
from tests.running import PATIENCE, Lectern
from tools.openapi import TARGET, text

ROOT = Path(__file__).parents[2]
EXAMPLES = 12


def test_the_document_matches_the_code() -> None:
    assert TARGET.read_text() == text(), "run: make docs"


def test_the_app_has_a_route_for_each_operation_and_no_other() -> None:
    routes = {(method, path) for path, methods in app.routes.items() for method in methods}

    assert routes == {(each.method, each.path) for each in OPERATIONS.values()}


@contextmanager
def two_sessions(lectern: Lectern) -> Iterator[list[str]]:
    """Create two sessions whose speakers are connected."""
    with ExitStack() as sockets:
        names = []
        for user in ("anna", "berta"):
            url = f"{lectern.url}?role=speaker&action=createSession&sourceLanguage=en"
            socket = sockets.enter_context(connect(f"{url}&token={lectern.token(user)}"))
            names.append(json.loads(socket.recv(PATIENCE))["sessionId"])
        yield names


def test_schemathesis_finds_nothing(lectern: Lectern, api: Api, tmp_path: Path) -> None:
    """Compare the API with its document: valid requests, invalid ones, and undocumented ones."""
    tool = Path(sys.executable).with_name("schemathesis")
    command = [str(tool), "--config-file", str(Path(__file__).with_name("schemathesis.toml"))]
    command += ["run", str(TARGET), "--url", api.url, "--phases", "coverage,fuzzing"]
    command += ["--max-examples", str(EXAMPLES), "--seed", "1", "--no-color"]
    with two_sessions(lectern) as sessions:
        environ = os.environ | {"PYTHONPATH": str(ROOT), "LECTERN_SESSIONS": " ".join(sessions)}
        found = subprocess.run(
            command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
        )

    assert found.returncode == 0, found.stdout
    assert f"Selected: {len(OPERATIONS)}/{len(OPERATIONS)}" in found.stdout

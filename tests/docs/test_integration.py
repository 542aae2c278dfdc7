"""The integration guide's code runs as written."""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from pathlib import Path

from tests.docs.blocks import ROOT, Block, blocks_of
from tests.running import Lectern

PAGE = ROOT / "docs" / "use" / "integration.md"
_ENVIRON = os.environ | {"PYTHONPATH": str(ROOT / "clients" / "python" / "src")}


async def test_the_quick_start_prints_what_the_page_says(lectern: Lectern, tmp_path: Path) -> None:
    code, expected, *_ = _code()
    script = tmp_path / "quick_start.py"
    script.write_text(code.text.replace("127.0.0.1:8001", f"127.0.0.1:{lectern.sandbox.port}"))

    process = await asyncio.create_subprocess_exec(
        sys.executable, str(script), stdout=subprocess.PIPE, env=_ENVIRON
    )
    output, _ = await process.communicate()

    assert process.returncode == 0
    assert output.decode().strip() == expected.text


def test_the_fixture_and_its_tests_work(tmp_path: Path) -> None:
    _, _, fixture, *tests = _code()
    tools = Path(sys.executable).parent
    conftest = fixture.text.replace('LECTERN / ".venv/bin/chalice"', f'"{tools / "chalice"}"')
    (tmp_path / "conftest.py").write_text(conftest)
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\n")
    for number, test in enumerate(tests):
        (tmp_path / f"test_{number}.py").write_text(test.text)

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:randomly", str(tmp_path)],
        cwd=tmp_path,
        env=_ENVIRON | {"LECTERN": str(ROOT), "LECTERN_PORT": str(_port_beside_a_free_one())},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout
    assert f"{len(tests)} passed" in done.stdout


def _code() -> list[Block]:
    return list(blocks_of(PAGE.read_text(), str(PAGE.relative_to(ROOT))))


def _port_beside_a_free_one() -> int:
    """Return a free port whose next one is free too: sockets and operator API take one each."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as first:
            port: int = first.getsockname()[1]
            with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port + 1)):
                return port

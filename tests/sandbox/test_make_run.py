"""`chalice local --stage local`, as `make run` starts it: start, reload and stop."""

import compileall
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest

PROJECT = Path(__file__).parents[2]
PATIENCE = 60.0
CHALICE = [str(Path(sys.executable).parent / "chalice"), "local", "--stage", "local"]


class Run:
    """A running `chalice local` in a copy of the project."""

    def __init__(self, project: Path, *options: str, **environ: str) -> None:
        self.log = project / "run.log"
        with self.log.open("w") as log:
            self.process = self._start(project, log, options, environ)

    def _start(
        self, project: Path, log: IO[str], options: tuple[str, ...], environ: dict[str, str]
    ) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [*CHALICE, "--port", "0", *options],
            cwd=project,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "LECTERN_PORT": "0", "PYTHONPATH": "", **environ},
            # A shell that starts the tests in the background has them ignore Ctrl-C.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
        )

    def ports(self) -> list[int]:
        """Return the ports of all starts so far."""
        return [
            int(each) for each in re.findall(r"console +http://.*:(\d+)/", self.log.read_text())
        ]

    def ready(self, starts: int = 1) -> int:
        """Wait for the start of that number and return its port."""
        _until(lambda: len(self.ports()) >= starts or self.process.poll() is not None)
        assert len(self.ports()) >= starts, self.log.read_text()
        return self.ports()[-1]

    def worker(self) -> int:
        """Return the id of the process that the reloader started."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return int(children.read_text().split()[0])

    def end(self) -> None:
        """End the process and everything that it started."""
        with contextlib.suppress(OSError, IndexError, ProcessLookupError):
            os.kill(self.worker(), signal.SIGKILL)
        self.process.kill()
        self.process.wait()


def _until(done: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < give_up
        time.sleep(0.05)


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/_sandbox/faults", timeout=5).close()
        return True
    return False


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Copy the files that the stack is made of, compiled as by `make run`."""
    shutil.copy2(PROJECT / "app.py", tmp_path)
    for name in ("chalicelib", "sandbox", ".chalice", "terraform/modules"):
        shutil.copytree(PROJECT / name, tmp_path / name)
    compileall.compile_dir(tmp_path, quiet=1)
    return tmp_path


@pytest.fixture
def run(project: Path) -> Iterator[Callable[..., Run]]:
    """Start the stack with options and environment."""
    runs: list[Run] = []

    def start(*options: str, **environ: str) -> Run:
        runs.append(Run(project, *options, **environ))
        return runs[-1]

    yield start
    for each in runs:
        each.end()


def test_a_start_prints_the_addresses_and_a_command_to_try(run: Callable[..., Run]) -> None:
    running = run()
    port = running.ready()

    said = running.log.read_text()
    assert f"ws://127.0.0.1:{port}/local" in said
    assert f"npx wscat -c 'ws://127.0.0.1:{port}/local?role=speaker&action=createSession" in said
    assert _answers(port)


def test_an_edit_restarts_the_stack_and_a_compiled_file_does_not(
    run: Callable[..., Run], project: Path
) -> None:
    running = run()
    running.ready()
    (project / "chalicelib" / "__pycache__").mkdir(exist_ok=True)
    (project / "chalicelib" / "__pycache__" / "new.pyc").write_text("")
    (project / "notes.txt").write_text("")

    (project / "chalicelib" / "errors.py").touch()

    assert _answers(running.ready(starts=2))
    assert len(running.ports()) == 2


def test_a_second_start_works_after_a_kill(run: Callable[..., Run]) -> None:
    first = run()
    port = first.ready()

    first.process.kill()  # the reloader: its worker must not keep the port
    _until(lambda: not _answers(port))

    assert run(LECTERN_PORT=str(port)).ready() == port


@pytest.mark.parametrize(
    ("options", "number"), [((), signal.SIGINT), (("--no-autoreload",), signal.SIGTERM)]
)
def test_a_signal_stops_it_quickly(
    run: Callable[..., Run], options: tuple[str, ...], number: signal.Signals
) -> None:
    running = run(*options)
    port = running.ready()

    running.process.send_signal(number)

    running.process.wait(timeout=10)
    _until(lambda: not _answers(port))


@pytest.mark.parametrize("which", ["LECTERN_PORT", "--port"])
def test_a_port_that_is_taken_is_reported_in_one_line(run: Callable[..., Run], which: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        running = run("--port", port) if which == "--port" else run(LECTERN_PORT=port)
        running.process.wait(timeout=PATIENCE)

    lines = running.log.read_text().splitlines()
    assert len(lines) == 1
    assert f"Port {port} is taken" in lines[0]
    assert which in lines[0]


def test_an_invalid_setting_is_named(run: Callable[..., Run]) -> None:
    running = run(MAX_LISTENERS_PER_SESSION="many")
    running.process.wait(timeout=PATIENCE)

    assert "MAX_LISTENERS_PER_SESSION must be a whole number" in running.log.read_text()


def test_the_physics_of_aws_are_in_force_from_the_start(run: Callable[..., Run]) -> None:
    port = run(LECTERN_PHYSICS="aws").ready()

    with urllib.request.urlopen(f"http://127.0.0.1:{port}/_sandbox/physics", timeout=5) as answer:
        assert json.load(answer)["connects_per_second"] == 500


def test_a_profile_that_there_is_not_is_named(run: Callable[..., Run]) -> None:
    running = run(LECTERN_PHYSICS="fast")
    running.process.wait(timeout=PATIENCE)

    said = "LECTERN_PHYSICS: there is no profile 'fast'; there are aws, off."
    assert said in running.log.read_text()


def test_an_idle_stack_uses_hardly_any_cpu(run: Callable[..., Run]) -> None:
    running = run()
    running.ready()
    stat = Path(f"/proc/{running.worker()}/stat")

    def ticks() -> int:
        fields = stat.read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    before = ticks()
    time.sleep(5)  # what is measured is real time

    assert (ticks() - before) / os.sysconf("SC_CLK_TCK") < 0.25

"""Fixtures that every test may use, and how tests are run and reported."""

import fcntl
import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from localcloud.deploy.terraform import package_app
from tests.aws import Aws, MotoServer
from tests.running import Lectern
from tests.scheduling import Scheduling, is_slow, rank
from tests.stack import Stack

ROOT = Path(__file__).parents[1]
_RUN = itertools.count(1)
Once = Callable[[str, Callable[[Path], object]], Path]

# How long an example takes says more about the machine than about the code.
settings.register_profile("lectern", deadline=None)
settings.load_profile("lectern")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling | None:
    """Schedule `--dist loadgroup` by our groups; any other mode is xdist's own."""
    return Scheduling(config, log) if config.getoption("dist") == "loadgroup" else None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let what takes long start first, after pytest-randomly has shuffled everything."""
    items.sort(key=lambda item: rank(item.nodeid))


@pytest.hookimpl(tryfirst=True)
def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark what the quick suite leaves out, before `-m` chooses."""
    if is_slow(item.nodeid):
        item.add_marker(pytest.mark.slow)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(call: pytest.CallInfo[None]) -> None:
    """Cut the runner's own frames off a traceback, so that it begins in the test."""
    if call.excinfo is None:
        return
    frames = call.excinfo.traceback
    first = next((frame for frame in frames if _is_ours(frame.path)), None)
    if first is not None:
        call.excinfo.traceback = frames.cut(path=first.path)


def _is_ours(path: Path | str) -> bool:
    return Path(path).is_relative_to(ROOT) and "site-packages" not in str(path)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Return two workers for each core: an apply, a browser and a socket mostly wait."""
    return 2 * (os.cpu_count() or 1)


@pytest.fixture(scope="module", autouse=True)
def same_environment() -> Iterator[None]:
    """Undo what a file of tests does to the environment before the next file."""
    kept = dict(os.environ)
    yield
    for added in [
        each for each in os.environ if each not in kept and not each.startswith("PYTEST_")
    ]:
        del os.environ[added]
    os.environ.update({k: v for k, v in kept.items() if not k.startswith("PYTEST_")})


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """Make a named folder once for all workers of a run: `once(name, make)` returns its path."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def made(name: str, make: Callable[[Path], object]) -> Path:
        folder = shared / name
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (shared / f"{name}.done").exists():
                shutil.rmtree(folder, ignore_errors=True)  # of a worker that failed to make it
                folder.mkdir()
                make(folder)
                (shared / f"{name}.done").touch()
        return folder

    return made


@pytest.fixture(scope="session")
def packaged_app(once: Once) -> Path:
    """The folder of the zip of this very project, with its requirements, and of its template."""
    return once("zip", lambda folder: package_app(folder, "dev")) / "terraform"


@pytest.fixture(scope="session")
def moto_server() -> Iterator[MotoServer]:
    """Return one DynamoDB and SQS for the process; `aws` gives each test tables of its own."""
    with MotoServer() as server:
        yield server


@pytest.fixture
def aws(moto_server: MotoServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """Return fresh tables and a jobs queue, in an environment that names nothing else of AWS.

    Names are unique, so tests may run side by side and in any order.
    """
    for variable in [each for each in os.environ if each.startswith("AWS_")]:
        monkeypatch.delenv(variable)
    fresh = moto_server.fresh(f"-{os.getpid()}-{next(_RUN)}")
    for variable, value in fresh.environ.items():
        monkeypatch.setenv(variable, value)
    yield fresh
    moto_server.delete(fresh)


@pytest.fixture
def stack(aws: Aws) -> Stack:
    """Return the whole stack over fresh tables; `Stack(aws, NAME="value")` for other settings."""
    return Stack(aws)


@pytest.fixture
def run_lectern(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Lectern]]:
    """Return a function that starts the whole stack, with settings by their variables."""
    monkeypatch.setenv("AWS_REGION", "us-east-1")  # Chalice reads it from the process
    running: list[Lectern] = []

    def run(**settings: str) -> Lectern:
        running.append(Lectern(settings))
        return running[-1]

    yield run
    for each in running:
        each.close()


@pytest.fixture
def lectern(run_lectern: Callable[..., Lectern]) -> Lectern:
    """Return the whole stack, running with the local stage's settings."""
    return run_lectern()

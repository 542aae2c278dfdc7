"""Fixtures that every test may use."""

import itertools
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadGroupScheduling

from tests.aws import Aws, MotoServer
from tests.running import Lectern
from tests.stack import Stack

_RUN = itertools.count(1)

# How long an example takes says more about the machine than about the code.
settings.register_profile("lectern", deadline=None)
settings.load_profile("lectern")


class Groups(LoadGroupScheduling):  # type: ignore[misc]  # xdist has no types
    """One worker for all tests of the local cloud: they share one apply.

    The marker `xdist_group` can't say so: xdist 3.8 writes it into ids that pytest 9.2 makes anew.
    """

    def _split_scope(self, nodeid: str) -> str:
        return "local-cloud" if nodeid.startswith("tests/localcloud/applied/") else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadGroupScheduling | None:
    """With `--dist loadgroup`; any other mode is xdist's own."""
    return Groups(config, log) if config.getoption("dist") == "loadgroup" else None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """`-n auto`: one more than there are cores, as much of an apply and of a socket is waiting."""
    return 1 + (os.cpu_count() or 1)


@pytest.fixture(scope="module", autouse=True)
def same_environment() -> Iterator[None]:
    """What a file of tests does to the environment is undone before the next one."""
    kept = dict(os.environ)
    yield
    for added in [
        each for each in os.environ if each not in kept and not each.startswith("PYTEST_")
    ]:
        del os.environ[added]
    os.environ.update({k: v for k, v in kept.items() if not k.startswith("PYTEST_")})


@pytest.fixture(scope="session")
def moto_server() -> Iterator[MotoServer]:
    """One DynamoDB and SQS for the whole process; `aws` gives each test tables of its own in it."""
    with MotoServer() as server:
        yield server


@pytest.fixture
def aws(moto_server: MotoServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """Fresh tables and a jobs queue, and an environment that names them and nothing else of AWS.

    Names are unique, so tests may run side by side and in any order.
    """
    for variable in [each for each in os.environ if each.startswith("AWS_")]:
        monkeypatch.delenv(variable)
    fresh = moto_server.fresh(f"-{os.getpid()}-{next(_RUN)}")
    for variable, value in fresh.environ.items():
        monkeypatch.setenv(variable, value)
    yield fresh
    fresh.delete()


@pytest.fixture
def stack(aws: Aws) -> Stack:
    """The whole stack over fresh tables; `Stack(aws, NAME="value")` for other settings."""
    return Stack(aws)


@pytest.fixture
def run_lectern(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Lectern]]:
    """Starts the whole stack, with settings by their variables, as often as a test wants it."""
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
    """The whole stack with the local stage's settings."""
    return run_lectern()

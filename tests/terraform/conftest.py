"""Fixtures of the Terraform tests: stages packaged once a run, and plans without an account."""

import fcntl
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.mocked_plan import Plan, mocked_plans, packaged_copy, terraform
from tools.package import ROOT

Plans = Callable[[str], dict[str, Plan]]
Packaged = Callable[[str], Path]
Make = Callable[[Path], object]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that are marked `terraform` are skipped where there is no such program."""
    if shutil.which("terraform") is None:
        skip = pytest.mark.skip(reason="no terraform on this machine: it is not a Python package")
        for item in items:
            if item.get_closest_marker("terraform"):
                item.add_marker(skip)


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Make], Path]:
    """Makes a named folder once for all workers of a run: `once(name, make)` answers its path."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def made(name: str, make: Make) -> Path:
        folder = shared / name
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (shared / f"{name}.done").exists():
                folder.mkdir()
                make(folder)
                (shared / f"{name}.done").touch()
        return folder

    return made


@pytest.fixture(scope="session")
def packaged(once: Callable[[str, Make], Path]) -> Packaged:
    """The initialised Terraform folder of a packaged stage: `packaged("dev")`. Read only."""

    def of_stage(stage: str) -> Path:
        folder = once(f"packaged-{stage}", lambda folder: packaged_copy(stage, folder))
        return folder / "terraform"

    return of_stage


@pytest.fixture(scope="session")
def plans(packaged: Packaged, once: Callable[[str, Make], Path]) -> Plans:
    """The plans of a stage, by the run blocks of `plan.tftest.hcl`: `plans("prod")["plan"]`."""

    def planned(stage: str, folder: Path) -> None:
        made = mocked_plans(packaged(stage), "tests/plan.tftest.hcl")
        (folder / "plans").write_bytes(pickle.dumps(made))

    def of_stage(stage: str) -> dict[str, Plan]:
        folder = once(f"plans-{stage}", lambda folder: planned(stage, folder))
        known: dict[str, Plan] = pickle.loads((folder / "plans").read_bytes())  # noqa: S301 (ours)
        return known

    return of_stage


@pytest.fixture(scope="session")
def module(once: Callable[[str, Make], Path]) -> Packaged:
    """An initialised copy of a module: `module("access")`. Read only."""

    def copied(folder: Path, name: str) -> None:
        source = ROOT / "terraform" / "modules" / name
        ignore = shutil.ignore_patterns(".terraform*")
        shutil.copytree(source, folder, ignore=ignore, dirs_exist_ok=True)
        terraform(folder, "init", "-backend=false")

    return lambda name: once(f"module-{name}", lambda folder: copied(folder, name))

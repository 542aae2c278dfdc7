"""Fixtures of the Terraform tests: stages packaged once per run, plans without an account."""

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
    """Skip the tests that are marked `terraform` if Terraform is not installed."""
    if shutil.which("terraform") is None:
        skip = pytest.mark.skip(reason="no terraform on this machine: it is not a Python package")
        for item in items:
            if item.get_closest_marker("terraform"):
                item.add_marker(skip)


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Make], Path]:
    """Make a named folder once for all workers of a run: `once(name, make)` returns its path."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def made(name: str, make: Make) -> Path:
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
def packaged(once: Callable[[str, Make], Path]) -> Packaged:
    """The initialised Terraform folder of a packaged stage, read only: `packaged("dev")`."""

    def of_stage(stage: str) -> Path:
        folder = once(f"packaged-{stage}", lambda folder: packaged_copy(stage, folder))
        return folder / "terraform"

    return of_stage


@pytest.fixture(scope="session")
def plans(packaged: Packaged, once: Callable[[str, Make], Path]) -> Plans:
    """The plans of a stage, by the run blocks of `plan.tftest.hcl`: `plans("prod")["plan"]`."""

    def planned(stage: str, folder: Path) -> None:
        save_plans(folder, mocked_plans(packaged(stage), "tests/plan.tftest.hcl"))

    return lambda stage: load_plans(once(f"plans-{stage}", lambda folder: planned(stage, folder)))


@pytest.fixture(scope="session")
def module_plans(once: Callable[[str, Make], Path]) -> Plans:
    """The plans that a module's own tests make, by their run blocks: `module_plans("access")`."""

    def planned(name: str, folder: Path) -> None:
        copy = folder / "module"
        ignore = shutil.ignore_patterns(".terraform*")
        shutil.copytree(ROOT / "terraform" / "modules" / name, copy, ignore=ignore)
        terraform(copy, "init", "-backend=false")
        save_plans(folder, mocked_plans(copy, f"tests/{name}.tftest.hcl"))

    return lambda name: load_plans(once(f"module-{name}", lambda folder: planned(name, folder)))


def save_plans(folder: Path, plans: dict[str, Plan]) -> None:
    """Save plans in a folder, for every worker of the run."""
    (folder / "plans").write_bytes(pickle.dumps(plans))


def load_plans(folder: Path) -> dict[str, Plan]:
    """Load the plans that `save_plans` has written."""
    plans: dict[str, Plan] = pickle.loads((folder / "plans").read_bytes())  # noqa: S301 (ours)
    return plans

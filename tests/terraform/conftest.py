"""Fixtures of the Terraform tests: stages packaged once per run, plans without an account."""

import json
import pickle
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Once
from tools.mocked_plan import Plan, mocked_plans, packaged_copy, terraform
from tools.package import ROOT

Plans = Callable[[str], dict[str, Plan]]
"""Take a stage, or a module; return the plans of its tests by their run blocks."""
Tested = Callable[[str], dict[str, dict[str, Plan]]]
Statement = dict[str, Any]
Statements = Mapping[str, list[Statement]]
Packaged = Callable[[str], Path]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the tests that are marked `terraform` if Terraform is not installed."""
    if shutil.which("terraform") is None:
        skip = pytest.mark.skip(reason="no terraform on this machine: it is not a Python package")
        for item in items:
            if item.get_closest_marker("terraform"):
                item.add_marker(skip)


@pytest.fixture(scope="session")
def packaged(once: Once) -> Packaged:
    """The initialised Terraform folder of a packaged stage, read only: `packaged("dev")`."""

    def of_stage(stage: str) -> Path:
        folder = once(f"packaged-{stage}", lambda folder: packaged_copy(stage, folder))
        return folder / "terraform"

    return of_stage


@pytest.fixture(scope="session")
def tested(packaged: Packaged, once: Once) -> Tested:
    """The plans of a stage, by test file and run block: `tested("prod")["plan"]["options"]`."""

    def planned(stage: str, folder: Path) -> None:
        # What is refused depends on no stage.
        names = ["plan", "refusals"] if stage == "dev" else ["plan"]
        save_plans(folder, mocked_plans(packaged(stage), *names))

    return lambda stage: load_plans(once(f"plans-{stage}", lambda folder: planned(stage, folder)))


@pytest.fixture(scope="session")
def plans(tested: Tested) -> Plans:
    """The plans of a stage, by the run blocks of `plan.tftest.hcl`: `plans("prod")["plan"]`."""
    return lambda stage: tested(stage)["plan"]


@pytest.fixture(scope="session")
def module_plans(once: Once) -> Plans:
    """The plans that a module's own tests make, by their run blocks: `module_plans("access")`."""

    def planned(folder: Path) -> None:
        """Plan all modules in one process, which reads the provider's schema once."""
        ignore = shutil.ignore_patterns(".terraform*")
        shutil.copytree(ROOT / "terraform" / "modules", folder / "modules", ignore=ignore)
        (folder / "tests").mkdir()
        (folder / "main.tf").touch()
        for file in folder.glob("modules/*/tests/*.tftest.hcl"):
            source = f'\\g<0>\n  module {{\n    source = "./modules/{file.parents[1].name}"\n  }}\n'
            of_module = re.sub(r'(?m)^run ".*" \{$', source, file.read_text())
            (folder / "tests" / file.name).write_text(of_module)
        terraform(folder, "init", "-backend=false")
        save_plans(folder, mocked_plans(folder))

    return lambda name: load_plans(once("modules", planned))[name]


@pytest.fixture(scope="session")
def statements(module_plans: Plans) -> Statements:
    """The statements of each function's policy."""
    policies = module_plans("access")["roles"].of_type("aws_iam_role_policy")
    return {
        address.split('"')[1]: json.loads(policy.values["policy"])["Statement"]
        for address, policy in policies.items()
    }


def listed(value: str | list[str]) -> list[str]:
    """Return the values of a policy's field, which may be one without a list."""
    return value if isinstance(value, list) else [value]


def save_plans(folder: Path, plans: dict[str, dict[str, Plan]]) -> None:
    """Save plans in a folder, for every worker of the run."""
    (folder / "plans").write_bytes(pickle.dumps(plans))


def load_plans(folder: Path) -> dict[str, dict[str, Plan]]:
    """Load the plans that `save_plans` has written."""
    plans: dict[str, dict[str, Plan]] = pickle.loads((folder / "plans").read_bytes())  # noqa: S301 (ours)
    return plans

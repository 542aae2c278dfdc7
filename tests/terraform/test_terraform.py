"""Terraform's own checks: format, validity, and the tests beside each part in HCL."""

import shutil
from pathlib import Path

import pytest

from tests.terraform.conftest import Packaged, Plans, Tested
from tools.mocked_plan import terraform
from tools.package import ROOT

pytestmark = pytest.mark.terraform

STAGES = ["dev", "prod"]
MODULES = ["access", "jobs", "observability", "tables"]


def test_the_files_have_terraforms_format() -> None:
    terraform(ROOT / "terraform", "fmt", "-check", "-recursive", "-diff")


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_is_valid_and_plans_as_its_tests_say(stage: str, plans: Plans) -> None:
    assert set(plans(stage)) == {"plan", "options"}


def test_values_that_do_not_go_together_are_refused(tested: Tested) -> None:
    assert len(tested("dev")["refusals"]) == 3


def test_a_value_that_a_variable_may_not_have_is_refused(tmp_path: Path) -> None:
    shutil.copy(ROOT / "terraform" / "variables.tf", tmp_path)
    shutil.copytree(ROOT / "terraform" / "tests" / "variables", tmp_path / "tests")

    terraform(tmp_path, "init", "-backend=false")
    printed = terraform(tmp_path, "test", "-no-color")

    assert "10 passed, 0 failed" in printed


@pytest.mark.parametrize("name", MODULES)
def test_a_module_does_as_its_tests_say(name: str, module_plans: Plans) -> None:
    assert module_plans(name)


def test_every_module_is_tested() -> None:
    assert sorted(path.name for path in (ROOT / "terraform" / "modules").iterdir()) == MODULES


def test_a_package_of_one_stage_is_not_applied_in_the_workspace_of_another(
    packaged: Packaged,
) -> None:
    # terraform test has no workspaces, so this reads what guards them.
    outputs = (packaged("dev") / "outputs.tf").read_text()

    assert 'terraform.workspace == "default" || terraform.workspace == local.stage' in outputs

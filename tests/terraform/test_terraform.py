"""Terraform's own checks: format, validity, and the tests beside each part in HCL."""

import pytest

from tests.terraform.conftest import Packaged, Plans
from tools.mocked_plan import terraform
from tools.package import ROOT

pytestmark = pytest.mark.terraform

STAGES = ["dev", "prod"]
MODULES = ["access", "jobs", "observability", "tables"]


def test_the_files_have_terraforms_format() -> None:
    terraform(ROOT / "terraform", "fmt", "-check", "-recursive", "-diff")


def test_a_packaged_stage_is_valid(packaged: Packaged) -> None:
    terraform(packaged("dev"), "validate")


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_plans_as_its_tests_say(stage: str, plans: Plans) -> None:
    assert set(plans(stage)) == {"plan", "options"}


def test_bad_input_is_refused(packaged: Packaged) -> None:
    printed = terraform(packaged("dev"), "test", "-no-color", "-filter=tests/refusals.tftest.hcl")

    assert "0 failed" in printed


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

"""The READMEs of the Terraform say what its variables and outputs are."""

import re
from pathlib import Path

import pytest

from tests.terraform.conftest import Plans
from tools.package import ROOT
from tools.terraform_docs import readmes, rendered


@pytest.mark.parametrize("readme", readmes(), ids=lambda path: path.parent.name)
def test_the_tables_are_those_of_the_files(readme: Path) -> None:
    assert readme.read_text() == rendered(readme), "run `make docs`"


def test_the_root_and_every_module_have_one() -> None:
    modules = [path.name for path in (ROOT / "terraform" / "modules").iterdir()]

    assert {readme.parent.name for readme in readmes()} == {"terraform", *modules}


@pytest.mark.terraform
def test_the_cost_page_counts_the_alarms_that_there_are(plans: Plans) -> None:
    alarms = plans("prod")["plan"].of_type("aws_cloudwatch_metric_alarm").values()
    metrics = sum(
        sum(bool(query["metric"]) for query in each.values["metric_query"]) or 1 for each in alarms
    )
    page = (ROOT / "docs" / "run" / "deploy.md").read_text()

    assert f"{len(alarms)} alarms on {metrics} metrics" in page


def test_the_deploy_page_names_variables_that_there_are() -> None:
    page = (ROOT / "docs" / "run" / "deploy.md").read_text()
    variables = (ROOT / "terraform" / "variables.tf").read_text()
    named = set(re.findall(r"-var (\w+)=", page)) | set(re.findall(r"(?m)^ +(\w+) +=", page))

    backend = {"bucket", "key", "region", "encrypt", "use_lockfile"}
    assert {name for name in named - backend if f'variable "{name}"' not in variables} == set()

"""`docs/run/operations.md` has an entry for each alarm that there is, and for no other."""

import re

import pytest

from sandbox.dynamodb.tables import read_tables
from tests.terraform.conftest import Plans
from tools.package import ROOT

pytestmark = pytest.mark.terraform

PAGE = ROOT / "docs" / "run" / "operations.md"


def test_every_alarm_has_a_runbook_and_every_runbook_an_alarm(plans: Plans) -> None:
    alarms = plans("prod")["plan"].of_type("aws_cloudwatch_metric_alarm").values()
    functions = {
        each.values["function_name"].removeprefix("lectern-prod-")
        for each in plans("prod")["plan"].of_type("aws_lambda_function").values()
    }

    kinds = {_kind(each.values["alarm_name"], functions) for each in alarms}

    assert set(re.findall(r"(?m)^### `(.+)`$", PAGE.read_text())) == kinds


def _kind(alarm: str, functions: set[str]) -> str:
    """`<function>-errors` for `lectern-prod-critical-run_jobs-errors`."""
    name = re.sub(r"^lectern-prod-(critical|warning)-", "", alarm)
    for function in functions:
        if name.startswith(f"{function}-"):
            return name.replace(function, "<function>", 1)
    for table in read_tables():
        if re.fullmatch(f"{table}-(throttles|system-errors)", name):
            return name.replace(table, "<table>", 1)
    return name

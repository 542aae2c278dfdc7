"""Each defect of what Chalice generates is there without `chalice_override.tf`, and gone with it.

A test that passes for the plan with the override and fails for the plan without it can't be true
for another reason than a line of that file.
"""

import json
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.terraform.conftest import Make, Packaged, Plans, load_plans, save_plans
from tools.mocked_plan import Plan, mocked_plans, terraform
from tools.package import ROOT

pytestmark = pytest.mark.terraform

STAGE = "aws_apigatewayv2_stage.websocket_api_stage"
STREAM = "aws_lambda_event_source_mapping.on_session_change-dynamodb-event-source"
QUEUE = "aws_lambda_event_source_mapping.run_jobs-sqs-event-source"


def has_throttles(plan: Plan) -> bool:
    settings: list[Mapping[str, Any]] = plan[STAGE]["default_route_settings"]
    return bool(settings) and all(
        each["throttling_rate_limit"] and each["throttling_burst_limit"] for each in settings
    )


def has_metrics(plan: Plan) -> bool:
    settings: list[Mapping[str, Any]] = plan[STAGE]["default_route_settings"]
    return any(each["detailed_metrics_enabled"] for each in settings)


def has_access_log(plan: Plan) -> bool:
    return any(each["destination_arn"] for each in plan[STAGE]["access_log_settings"])


def redeploys(plan: Plan) -> bool:
    triggers = plan["aws_apigatewayv2_deployment.websocket_api_deployment"]["triggers"]
    return "redeployment" in (triggers or {})


def returns_replies(plan: Plan) -> bool:
    route = plan["aws_apigatewayv2_route.websocket_message_route"]
    return bool(route["route_response_selection_expression"] == "$default")


def names_rules(plan: Plan) -> bool:
    rules = plan.of_type("aws_cloudwatch_event_rule").values()
    return len(rules) == 3 and all(
        re.fullmatch(r"lectern-dev-\w+", each.values["name"]) for each in rules
    )


def answers_partial_batches_of_jobs(plan: Plan) -> bool:
    return bool(plan[QUEUE]["function_response_types"] == ["ReportBatchItemFailures"])


def answers_partial_batches_of_changes(plan: Plan) -> bool:
    return bool(plan[STREAM]["function_response_types"] == ["ReportBatchItemFailures"])


def limits_retries(plan: Plan) -> bool:
    mapping = plan[STREAM]
    return all(
        isinstance(mapping[each], int)
        for each in ("maximum_retry_attempts", "maximum_record_age_in_seconds")
    )


def bisects(plan: Plan) -> bool:
    return plan[STREAM]["bisect_batch_on_function_error"] is True


def has_a_failure_destination(plan: Plan) -> bool:
    destinations = plan[STREAM]["destination_config"]
    return any(each["on_failure"][0]["destination_arn"] for each in destinations)


def filters_the_stream(plan: Plan) -> bool:
    return any(each["filter"] for each in plan[STREAM]["filter_criteria"])


def tags_functions(plan: Plan) -> bool:
    functions = plan.of_type("aws_lambda_function").values()
    return all("Stage" in each.values["tags"] for each in functions)


def names_the_operator_api(plan: Plan) -> bool:
    name = plan["aws_api_gateway_rest_api.rest_api"]["name"]
    return bool(name == "lectern-dev-operator")


def names_the_operators_function(plan: Plan) -> bool:
    function = plan["aws_lambda_function.api_handler"]
    return bool(function["function_name"] == "lectern-dev-api_handler")


def leaves_the_stage_to_us(plan: Plan) -> bool:
    deployment = plan["aws_api_gateway_deployment.rest_api"]
    return not deployment["stage_name"] and bool(deployment["triggers"])


mended = pytest.mark.parametrize(
    "is_mended",
    [
        has_throttles,
        has_metrics,
        has_access_log,
        redeploys,
        returns_replies,
        names_rules,
        answers_partial_batches_of_jobs,
        answers_partial_batches_of_changes,
        limits_retries,
        bisects,
        has_a_failure_destination,
        filters_the_stream,
        tags_functions,
        names_the_operator_api,
        names_the_operators_function,
        leaves_the_stage_to_us,
    ],
)


@mended
def test_the_override_mends(is_mended: Callable[[Plan], bool], plans: Plans) -> None:
    assert is_mended(plans("dev")["plan"])


@mended
def test_chalice_alone_has_the_defect(is_mended: Callable[[Plan], bool], unmended: Plan) -> None:
    assert not is_mended(unmended)


@pytest.fixture(scope="module")
def unmended(packaged: Packaged, once: Callable[[str, Make], Path]) -> Plan:
    """The plan of dev with nothing left of the override but its versions."""

    def planned(folder: Path) -> None:
        copy = changed_copy(packaged("dev"), folder, only_versions)
        mocks = (copy / "tests" / "plan.tftest.hcl").read_text().partition('run "plan"')[0]
        bare = copy / "tests" / "bare.tftest.hcl"
        bare.write_text(f'{mocks}\nrun "bare" {{\n  command = plan\n}}\n')
        save_plans(folder, mocked_plans(copy, "tests/bare.tftest.hcl"))

    return load_plans(once("unmended", planned))["bare"]


def changed_copy(source: Path, folder: Path, change: Callable[[str], str]) -> Path:
    """Copy a packaged Terraform folder, with another `chalice_override.tf`."""
    copy = folder / "terraform"
    shutil.copytree(source, copy, symlinks=True)
    override = copy / "chalice_override.tf"
    override.write_text(change(override.read_text()))
    return copy


def only_versions(override: str) -> str:
    """Return the `terraform` block of the override, alone."""
    return override.partition("\nresource ")[0]


def without_terraforms_version(override: str) -> str:
    return re.sub(r"\n *required_version = .*", "", override)


def without_providers(override: str) -> str:
    return re.sub(r"\n *required_providers \{\n.*?\n  \}\n", "\n", override, flags=re.DOTALL)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (without_terraforms_version, "Unsupported Terraform Core version"),
        (without_providers, "hashicorp/aws"),
    ],
)
def test_what_chalice_pins_is_refused_without_the_overrides_versions(
    change: Callable[[str], str], complaint: str, packaged: Packaged, tmp_path: Path
) -> None:
    folder = changed_copy(packaged("dev"), tmp_path, change)

    with pytest.raises(RuntimeError, match=complaint):
        terraform(folder, "init", "-backend=false", "-upgrade")


def test_packaging_takes_the_needless_provider_out(packaged: Packaged) -> None:
    template = json.loads((packaged("dev") / "chalice.tf.json").read_text())

    assert "null_data_source" not in template["data"]
    assert "null" not in template["terraform"]["required_providers"]


def test_chalice_makes_no_log_group_because_it_would_misname_it(packaged: Packaged) -> None:
    template = json.loads((packaged("dev") / "chalice.tf.json").read_text())

    assert "aws_cloudwatch_log_group" not in template["resource"]
    assert "log_retention_in_days" not in (ROOT / ".chalice" / "config.json").read_text()

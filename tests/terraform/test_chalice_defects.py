"""The defects of what Chalice generates are mended: by `chalice_override.tf`, or by packaging."""

import json
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.terraform.conftest import Packaged, Plans
from tools.mocked_plan import Plan, terraform
from tools.package import ROOT

pytestmark = pytest.mark.terraform

STAGE = "aws_apigatewayv2_stage.websocket_api_stage"
STREAM = "aws_lambda_event_source_mapping.on_session_change-dynamodb-event-source"
PARTIAL = ["ReportBatchItemFailures"]
QUEUE = "aws_lambda_event_source_mapping.run_jobs-sqs-event-source"


def stage_settings(plan: Plan) -> Mapping[str, Any]:
    (settings,) = plan[STAGE]["default_route_settings"]
    found: Mapping[str, Any] = settings
    return found


MENDED: dict[str, Callable[[Plan], object]] = {
    "calls are throttled": lambda plan: (
        stage_settings(plan)["throttling_rate_limit"]
        and stage_settings(plan)["throttling_burst_limit"]
    ),
    "routes have metrics": lambda plan: stage_settings(plan)["detailed_metrics_enabled"],
    "the stage has an access log": lambda plan: plan[STAGE]["access_log_settings"][0][
        "destination_arn"
    ],
    "a changed API is deployed again": lambda plan: plan[
        "aws_apigatewayv2_deployment.websocket_api_deployment"
    ]["triggers"]["redeployment"],
    "replies reach clients": lambda plan: (
        plan["aws_apigatewayv2_route.websocket_message_route"][
            "route_response_selection_expression"
        ]
        == "$default"
    ),
    "rules are named by their functions": lambda plan: (
        {each.values["name"] for each in plan.of_type("aws_cloudwatch_event_rule").values()}
        == {
            "lectern-dev-sweep_connections",
            "lectern-dev-publish_status",
            "lectern-dev-reconcile_counts",
        }
    ),
    "failed jobs come again alone": lambda plan: plan[QUEUE]["function_response_types"] == PARTIAL,
    "failed changes come again alone": lambda plan: (
        plan[STREAM]["function_response_types"] == PARTIAL
    ),
    "a batch of changes is given up some day": lambda plan: (
        plan[STREAM]["maximum_retry_attempts"] and plan[STREAM]["maximum_record_age_in_seconds"]
    ),
    "a bad change is found by halves": lambda plan: plan[STREAM]["bisect_batch_on_function_error"],
    "changes that are given up are kept": lambda plan: plan[STREAM]["destination_config"][0][
        "on_failure"
    ][0]["destination_arn"],
    "only changes that matter cause a call": lambda plan: plan[STREAM]["filter_criteria"][0][
        "filter"
    ],
    "functions have tags": lambda plan: all(
        "Stage" in each.values["tags"] for each in plan.of_type("aws_lambda_function").values()
    ),
    "the operator API is named": lambda plan: (
        plan["aws_api_gateway_rest_api.rest_api"]["name"] == "lectern-dev-operator"
    ),
    "the operator API's function is named": lambda plan: (
        plan["aws_lambda_function.api_handler"]["function_name"] == "lectern-dev-api_handler"
    ),
    "the operator API's stage is ours": lambda plan: (
        not plan["aws_api_gateway_deployment.rest_api"]["stage_name"]
        and plan["aws_api_gateway_deployment.rest_api"]["triggers"]
    ),
}


@pytest.mark.parametrize("mended", MENDED.values(), ids=MENDED)
def test_the_override_mends_what_chalice_leaves_out(
    mended: Callable[[Plan], object], plans: Plans
) -> None:
    assert mended(plans("dev")["plan"])


def changed_copy(source: Path, folder: Path, change: Callable[[str], str]) -> Path:
    """A copy of a packaged Terraform folder with another `chalice_override.tf`."""
    copy = folder / "terraform"
    shutil.copytree(source, copy, symlinks=True)
    override = copy / "chalice_override.tf"
    override.write_text(change(override.read_text()))
    return copy


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

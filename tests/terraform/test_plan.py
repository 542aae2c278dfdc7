"""The plan of each stage: everything is named, tagged, watched and encrypted."""

import json

import pytest

from bench.billing import logs
from tests.terraform.conftest import Packaged, Plans
from tools.mocked_plan import Plan, Resource

pytestmark = pytest.mark.terraform

stages = pytest.mark.parametrize("stage", ["dev", "prod"])

FUNCTIONS = {
    "api_handler",
    "websocket_connect",
    "websocket_message",
    "websocket_disconnect",
    "sweep_connections",
    "publish_status",
    "reconcile_counts",
    "on_session_change",
    "on_counts_change",
    "run_jobs",
    "send_replies",
}
# Named within something that carries app and stage, or by the user.
NAMED_WITHIN = {
    "aws_apigatewayv2_stage",
    "aws_iam_role_policy",
    "aws_lambda_alias",
    "aws_route53_record",
}
NAME_ATTRIBUTES = ("name", "function_name", "alarm_name", "dashboard_name")


@stages
def test_the_functions_are_those_of_the_design(stage: str, plans: Plans) -> None:
    functions = plans(stage)["plan"].of_type("aws_lambda_function").values()

    assert {each.name for each in functions} == FUNCTIONS


@stages
def test_every_function_has_a_role_of_its_own(stage: str, plans: Plans, packaged: Packaged) -> None:
    plan = plans(stage)["plan"]
    template = json.loads((packaged(stage) / "chalice.tf.json").read_text())

    for name in FUNCTIONS:
        given = template["resource"]["aws_lambda_function"][name]["role"]
        role = plan[f'module.access.aws_iam_role.function["{name}"]']
        assert given == f'${{module.access.role_arns["{name}"]}}'
        assert role["name"] == f"lectern-{stage}-{name}"
        assert f'module.access.aws_iam_role_policy.function["{name}"]' in addresses(plan)


@stages
def test_every_function_writes_to_a_log_group_that_is_kept_as_long_as_the_stage_says(
    stage: str, plans: Plans
) -> None:
    groups = plans(stage)["plan"].of_type("aws_cloudwatch_log_group").values()
    kept = {each.values["name"]: each.values["retention_in_days"] for each in groups}

    expected = {f"/aws/lambda/lectern-{stage}-{name}" for name in FUNCTIONS}
    assert kept == dict.fromkeys(
        expected | {f"/aws/apigateway/lectern-{stage}{api}-access" for api in ("", "-operator")},
        7 if stage == "prod" else 1,
    )


@stages
def test_every_function_has_the_same_environment_and_is_traced(stage: str, plans: Plans) -> None:
    functions = plans(stage)["plan"].of_type("aws_lambda_function").values()
    environments = [each.values["environment"][0]["variables"] for each in functions]

    assert all(each == environments[0] for each in environments)
    assert environments[0]["SESSIONS_TABLE_NAME"] == f"lectern-{stage}-sessions"
    assert all(each.values["tracing_config"][0]["mode"] == "Active" for each in functions)


@stages
@pytest.mark.parametrize("run", ["plan", "options"])
def test_every_resource_is_named_with_app_and_stage(stage: str, run: str, plans: Plans) -> None:
    unnamed = [
        each.address
        for each in plans(stage)[run].resources
        if each.type not in NAMED_WITHIN and not carries(each, f"lectern-{stage}")
    ]

    assert unnamed == []


def carries(resource: Resource, prefix: str) -> bool:
    """Return True if the resource's own names have `prefix` in them, or it has no name."""
    if resource.type == "aws_apigatewayv2_domain_name":
        return True
    names = [resource.values.get(attribute) for attribute in NAME_ATTRIBUTES]
    literal = [name for name in names if name not in (None, "known after apply")]
    return all(prefix in name for name in literal)


@stages
@pytest.mark.parametrize("run", ["plan", "options"])
def test_every_resource_that_takes_tags_has_them(stage: str, run: str, plans: Plans) -> None:
    plan = plans(stage)[run]
    untagged = [
        each.address
        for each in plan.resources
        if each.type in plan.taggable
        and not {"App": "lectern", "Stage": stage}.items() <= (each.values["tags"] or {}).items()
    ]

    assert untagged == []


@stages
def test_a_key_of_ones_own_encrypts_everything_that_can_be(stage: str, plans: Plans) -> None:
    plan = plans(stage)["options"]
    attributes = ("kms_key_arn", "kms_key_id", "kms_master_key_id")

    encrypted = {
        each.type
        for each in plan.resources
        for attribute in attributes
        if str(each.values.get(attribute)).startswith("arn:aws:kms:")
    }
    tables = plan.of_type("aws_dynamodb_table").values()

    assert encrypted == {
        "aws_cloudwatch_log_group",
        "aws_lambda_function",
        "aws_sns_topic",
        "aws_sqs_queue",
    }
    assert all(
        each.values["server_side_encryption"][0]["kms_key_arn"].startswith("arn:aws:kms:")
        for each in tables
    )


@stages
def test_the_access_log_has_no_token_address_payload_or_connection_id(
    stage: str, plans: Plans
) -> None:
    settings = plans(stage)["plan"]["aws_apigatewayv2_stage.websocket_api_stage"]
    fields = json.loads(settings["access_log_settings"][0]["format"]).values()

    private = ("connectionId", "identity", "querystring", "authorizer", "error.message")
    assert all(word not in field for field in fields for word in private)
    assert settings["default_route_settings"][0]["logging_level"] == "OFF"
    assert settings["default_route_settings"][0]["data_trace_enabled"] is False


@stages
def test_the_bill_counts_the_log_lines_that_are_applied(stage: str, plans: Plans) -> None:
    plan = plans(stage)["plan"]
    functions = plan.of_type("aws_lambda_function").values()
    settings = plan["aws_apigatewayv2_stage.websocket_api_stage"]["access_log_settings"]

    assert json.loads(settings[0]["format"]) == logs.access_log()
    assert len(functions) == len(FUNCTIONS)
    for each in functions:
        (config,) = each.values["logging_config"]
        assert config["log_format"] == ("JSON" if logs.APPLIED.json else "Text")
        assert config["application_log_level"] == logs.APPLIED.application_level
        assert config["system_log_level"] == logs.APPLIED.system_level


@stages
def test_the_operator_api_is_throttled_logged_measured_and_traced(stage: str, plans: Plans) -> None:
    plan = plans(stage)["plan"]
    api = plan["aws_api_gateway_stage.rest_api"]
    (settings,) = plan["aws_api_gateway_method_settings.rest_api"]["settings"]
    fields = json.loads(api["access_log_settings"][0]["format"]).values()

    assert (settings["throttling_rate_limit"], settings["throttling_burst_limit"]) == (50, 50)
    assert settings["metrics_enabled"] is True
    assert (settings["logging_level"], settings["data_trace_enabled"]) == ("OFF", False)
    assert api["xray_tracing_enabled"] is True
    private = ("identity", "authorizer", "path}", "requestOverride", "querystring")
    assert all(word not in each for each in fields for word in private)


@stages
def test_only_iam_opens_the_operator_api(stage: str, packaged: Packaged) -> None:
    template = json.loads((packaged(stage) / "chalice.tf.json").read_text())
    api = json.loads(template["locals"]["chalice_api_swagger"])

    operations = [each for path in api["paths"].values() for each in path.values()]
    assert len(operations) == 9
    assert all(each["security"] == [{"sigv4": []}] for each in operations)
    assert api["securityDefinitions"]["sigv4"]["x-amazon-apigateway-authtype"] == "awsSigv4"


@stages
@pytest.mark.parametrize(("function", "queue"), [("run_jobs", "jobs"), ("send_replies", "replies")])
def test_a_queue_hides_a_job_for_six_times_the_timeout_of_its_function(
    stage: str, function: str, queue: str, plans: Plans
) -> None:
    """AWS asks for that, so that a batch which was throttled is not received twice meanwhile."""
    plan = plans(stage)["plan"]
    timeout = plan[f"aws_lambda_function.{function}"]["timeout"]
    visibility = plan[f"module.jobs.aws_sqs_queue.{queue}"]["visibility_timeout_seconds"]

    assert visibility == 6 * timeout


@stages
def test_a_first_reply_that_failed_comes_again_within_a_minute(stage: str, plans: Plans) -> None:
    queue = plans(stage)["plan"]["module.jobs.aws_sqs_queue.replies"]
    assert queue["visibility_timeout_seconds"] <= 60


@stages
@pytest.mark.parametrize("function", ["run_jobs", "send_replies"])
def test_a_backlog_of_jobs_leaves_concurrency_to_handshakes(
    stage: str, function: str, plans: Plans
) -> None:
    """An account has 1,000 (DESIGN: the platform's facts)."""
    mapping = plans(stage)["plan"][f"aws_lambda_event_source_mapping.{function}-sqs-event-source"]
    assert mapping["scaling_config"][0]["maximum_concurrency"] <= 50


@stages
def test_tables_are_protected_in_prod(stage: str, plans: Plans) -> None:
    tables = plans(stage)["plan"].of_type("aws_dynamodb_table").values()

    assert {each.values["deletion_protection_enabled"] for each in tables} == {stage == "prod"}


def addresses(plan: Plan) -> set[str]:
    """Return the addresses of everything that the plan makes."""
    return {each.address for each in plan.resources}

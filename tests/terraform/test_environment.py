"""The environment that Terraform gives the functions is the one that the code reads."""

import json

import pytest
from msgspec.structs import replace

from chalicelib.settings import VARIABLES, Settings
from tests.terraform.conftest import Plans
from tools.mocked_plan import KNOWN_AFTER_APPLY
from tools.package import ROOT


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_a_stage_sets_every_variable_that_the_code_reads_and_no_other(stage: str) -> None:
    config = json.loads((ROOT / ".chalice" / "config.json").read_text())

    assert set(config["stages"][stage]["environment_variables"]) == {
        each.name for each in VARIABLES.values()
    }


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_no_value_of_a_stage_is_written_down_twice(stage: str) -> None:
    config = json.loads((ROOT / ".chalice" / "config.json").read_text())
    values = config["stages"][stage]["environment_variables"].values()

    assert all(value.startswith("${") for value in values)


@pytest.mark.terraform
@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_the_code_takes_what_terraform_gives_and_its_defaults_are_the_codes(
    stage: str, plans: Plans
) -> None:
    function = plans(stage)["plan"]["aws_lambda_function.run_jobs"]
    environ = function["environment"][0]["variables"]

    settings = Settings.from_environ(environ)

    assert settings == replace(
        Settings(),
        sessions_table=f"lectern-{stage}-sessions",
        counts_table=f"lectern-{stage}-counts",
        connections_table=f"lectern-{stage}-connections",
        subscriptions_table=f"lectern-{stage}-subscriptions",
        requests_table=f"lectern-{stage}-requests",
        history_table=f"lectern-{stage}-history",
        rate_limits_table=f"lectern-{stage}-rate_limits",
        jobs_queue_url=KNOWN_AFTER_APPLY,
        replies_queue_url=KNOWN_AFTER_APPLY,
        api_gateway_endpoint=KNOWN_AFTER_APPLY,
        jwt_secret=environ["JWT_SECRET"],
        resume_token_secret=environ["RESUME_TOKEN_SECRET"],
    )


@pytest.mark.terraform
def test_a_key_set_takes_the_secrets_place(plans: Plans) -> None:
    function = plans("dev")["options"]["aws_lambda_function.run_jobs"]

    settings = Settings.from_environ(function["environment"][0]["variables"])

    assert settings.jwt_jwks_url == "https://issuer.example.com/jwks.json"
    assert settings.jwt_secret == ""
    assert settings.jwt_algorithms == ("RS256", "ES256")

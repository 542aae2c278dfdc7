# Terraform refuses values that do not go together, or with what was packaged. variables/ has single values.
mock_provider "aws" {
  mock_data "aws_partition" {
    defaults = { partition = "aws", dns_suffix = "amazonaws.com" }
  }
  mock_data "aws_region" {
    defaults = { name = "eu-central-1" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_ssm_parameter" {
    defaults = { value = "from-ssm-0123456789abcdef0123456789" }
  }
}

run "refuses_another_stage_than_was_packaged" {
  command = plan

  variables {
    stage = "elsewhere"
  }

  expect_failures = [output.websocket_url]
}

run "refuses_a_secret_beside_a_key_set" {
  command = plan

  variables {
    jwt_secret   = "ssm:/lectern/dev/jwt-secret"
    jwt_jwks_url = "https://issuer.example.com/jwks.json"
  }

  expect_failures = [output.websocket_url]
}

run "refuses_a_short_secret" {
  command = plan

  override_data {
    target = data.aws_ssm_parameter.secret
    values = { value = "too-short" }
  }

  expect_failures = [output.websocket_url]
}

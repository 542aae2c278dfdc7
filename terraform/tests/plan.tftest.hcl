# Plans the packaged stage, without an account. tools/mocked_plan.py prints these plans, and
# tests/terraform and checkov inspect them.
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
  mock_data "aws_secretsmanager_secret_version" {
    defaults = { secret_string = "from-secrets-manager-0123456789abcdef" }
  }
}

run "plan" {
  command = plan

  assert {
    condition     = aws_apigatewayv2_stage.websocket_api_stage.default_route_settings[0].throttling_rate_limit == 2000 && aws_apigatewayv2_stage.websocket_api_stage.default_route_settings[0].throttling_burst_limit == 1000
    error_message = "The stage must have explicit throttles."
  }

  assert {
    condition     = aws_lambda_function.sweep_connections.reserved_concurrent_executions == 1
    error_message = "Two sweeps must never overlap."
  }

  assert {
    condition     = local.deletion_protection == (local.stage == "prod") && local.log_retention_days == (local.stage == "prod" ? 7 : 1)
    error_message = "Only prod is protected, and keeps its logs for a week."
  }

  assert {
    condition     = aws_lambda_function.websocket_message.logging_config[0].log_format == "JSON" && aws_lambda_function.websocket_message.logging_config[0].application_log_level == "INFO" && aws_lambda_function.websocket_message.logging_config[0].system_log_level == "WARN"
    error_message = "By default Lambda logs only failed invocations itself, and every line of the app."
  }

  assert {
    condition     = local.secrets.jwt_secret == "from-ssm-0123456789abcdef0123456789" && data.aws_ssm_parameter.secret["jwt-secret"].name == "/${local.app}/${local.stage}/jwt-secret"
    error_message = "By default secrets come from SSM, under the names of app and stage."
  }

  assert {
    condition     = length(aws_lambda_alias.connect) == 0 && length(aws_apigatewayv2_domain_name.custom) == 0
    error_message = "Warm instances and a domain cost money: none unless asked for."
  }
}

# All options at once.
run "options" {
  command = plan

  variables {
    stage                           = null
    tags                            = { Team = "talks" }
    jwt_jwks_url                    = "https://issuer.example.com/jwks.json"
    resume_token_secret             = "secretsmanager:lectern/resume"
    settings                        = { max_listeners_per_session = 900, jwt_algorithms = ["RS256", "ES256"] }
    throttle                        = { rate = 50 }
    sweep_reserved_concurrency      = -1
    connect_provisioned_concurrency = 2
    deletion_protection             = true
    log_retention_days              = 30
    platform_log_lines              = true
    alarm_email                     = "ops@example.com"
    alarm_thresholds                = { connect_p95_milliseconds = 777, idle_connections_per_minute = 99 }
    set_api_gateway_log_role        = false
    kms_key_arn                     = "arn:aws:kms:eu-central-1:123456789012:key/1"
    custom_domain = {
      name            = "live.example.com"
      certificate_arn = "arn:aws:acm:eu-central-1:123456789012:certificate/1"
      zone_id         = "Z1"
    }
  }

  assert {
    condition     = local.secrets.jwt_secret == "" && local.secrets.resume_token_secret == "from-secrets-manager-0123456789abcdef"
    error_message = "With a key set no JWT secret is read; a reference to Secrets Manager is followed."
  }

  assert {
    condition     = aws_lambda_function.websocket_connect.environment[0].variables.MAX_LISTENERS_PER_SESSION == "900" && aws_lambda_function.websocket_connect.environment[0].variables.JWT_ALGORITHMS == "RS256,ES256" && aws_lambda_function.websocket_connect.environment[0].variables.JWT_JWKS_URL == "https://issuer.example.com/jwks.json"
    error_message = "Settings must reach the functions."
  }

  assert {
    condition     = aws_apigatewayv2_stage.websocket_api_stage.default_route_settings[0].throttling_rate_limit == 50 && aws_apigatewayv2_stage.websocket_api_stage.default_route_settings[0].throttling_burst_limit == 1000
    error_message = "One throttle may be set without the other."
  }

  assert {
    condition     = aws_lambda_provisioned_concurrency_config.connect[0].provisioned_concurrent_executions == 2 && aws_lambda_function.websocket_connect.publish == true && length(aws_lambda_permission.connect_alias) == 1
    error_message = "Warm instances need a version, an alias, and API Gateway's permission to call it."
  }

  assert {
    condition     = aws_lambda_function.sweep_connections.reserved_concurrent_executions == -1
    error_message = "A new account can't spare a reserved instance."
  }

  assert {
    condition     = aws_lambda_function.websocket_message.logging_config[0].log_format == "Text" && aws_lambda_function.websocket_message.logging_config[0].system_log_level == null
    error_message = "With platform_log_lines Lambda logs text, which has no levels."
  }

  assert {
    condition     = local.thresholds.connect_p95_milliseconds == 777 && local.thresholds.idle_connections_per_minute == 99 && local.thresholds.connections_closed_per_minute == 50
    error_message = "A threshold may be set without the others."
  }

  assert {
    condition     = output.websocket_url == "wss://live.example.com" && aws_route53_record.custom[0].zone_id == "Z1"
    error_message = "With a custom domain clients use it, and Route 53 serves it."
  }

  assert {
    condition     = local.tags.Team == "talks" && local.tags.Stage == local.stage
    error_message = "More tags are added to App and Stage."
  }
}

# Terraform merges this file into Chalice's output (chalice.tf.json). Each line or block below names
# the defect that it mends; tests/terraform/test_chalice_defects.py fails without it.
# One defect can't be mended here: the needless null_data_source, whose provider would be downloaded.
# `make package` removes it; after a plain `chalice package` Terraform downloads the provider.

terraform {
  # Mends: Terraform pinned below 1.4.
  required_version = ">= 1.7"

  required_providers {
    # Mends: the AWS provider pinned below 5, and without a source.
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

resource "aws_apigatewayv2_api" "websocket_api" {
  description = "Lectern: live sessions, one speaker and many listeners."
  tags        = local.tags
}

resource "aws_apigatewayv2_deployment" "websocket_api_deployment" {
  # Mends: a deployment without triggers, so that changed routes are never deployed. The hash is of
  # what the routes are made from, not of the resources: those have values that change by themselves.
  triggers = {
    redeployment = sha1(jsonencode([
      local.generated.resource.aws_apigatewayv2_route,
      local.generated.resource.aws_apigatewayv2_integration,
      local.warm_connect,
    ]))
    route_response = aws_apigatewayv2_route_response.message.route_response_key
  }

  # Mends: a stage can't lose its deployment, so the new one must be there before the old one goes.
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_apigatewayv2_stage" "websocket_api_stage" {
  tags = local.tags

  # Mends: a stage without throttles (without explicit ones route settings mean 0: everything gets
  # 429) and without metrics. Execution logs stay off: they would write query strings, and so tokens.
  default_route_settings {
    throttling_rate_limit    = var.throttle.rate
    throttling_burst_limit   = var.throttle.burst
    detailed_metrics_enabled = true
    data_trace_enabled       = false
    logging_level            = "OFF"
  }

  # Mends: a stage without access logs. No token, address, payload or connection id goes into them;
  # requestId is the one that the functions' logs have too, with whose socket it was. Each byte is
  # paid for with every message.
  access_log_settings {
    destination_arn = module.observability.access_log_arn
    format = jsonencode({
      requestId          = "$context.requestId"
      requestTime        = "$context.requestTimeEpoch"
      routeKey           = "$context.routeKey"
      status             = "$context.status"
      errorResponseType  = "$context.error.responseType"
      integrationStatus  = "$context.integration.status"
      integrationLatency = "$context.integrationLatency"
    })
  }
}

resource "aws_api_gateway_rest_api" "rest_api" {
  # Mends: an API named without stage, so that two stages look alike and share their metrics.
  name        = local.operator_api
  description = "Lectern: the operator API."
  tags        = local.tags

  # Mends: refusals of API Gateway's own (no signature, no permission, no such path, a throttle) in
  # another form than the app's. They are part of the body, as an import of a body drops all others.
  body = jsonencode(merge(jsondecode(local.chalice_api_swagger), {
    x-amazon-apigateway-gateway-responses = local.gateway_responses
  }))

  # Mends: an API that is deleted before its successor is there, where it has to be replaced.
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_api_gateway_deployment" "rest_api" {
  # Mends: a stage that the deployment creates itself, without settings. Ours is in api.tf.
  stage_name        = null
  stage_description = null

  # Mends: no trigger for a new deployment. The inputs are one; the ARNs in the body are not.
  triggers = {
    redeployment = sha1(jsonencode([local.generated.locals.chalice_api_swagger, local.gateway_responses]))
  }
}

# Mends: a URL without its stage, once the deployment creates none.
output "EndpointURL" {
  value = aws_api_gateway_stage.rest_api.invoke_url
}

resource "aws_apigatewayv2_route" "websocket_message_route" {
  # Mends: no route response, so that the handler's return value reaches no client. The response itself
  # is in api.tf, since an override can't add a resource.
  route_response_selection_expression = "$default"
}

resource "aws_apigatewayv2_integration" "websocket_connect_api_integration" {
  # Provisioned concurrency belongs to an alias: with it, API Gateway calls connect by the alias.
  integration_uri = local.warm_connect ? aws_lambda_alias.connect[0].invoke_arn : aws_lambda_function.websocket_connect.invoke_arn
}

# Mends: rules named without app and stage, so that two stages of an account share a rule.
resource "aws_cloudwatch_event_rule" "sweep_connections-event" {
  name = "${local.app}-${local.stage}-sweep_connections"
  tags = local.tags
}

# Mends: the same.
resource "aws_cloudwatch_event_rule" "publish_status-event" {
  name = "${local.app}-${local.stage}-publish_status"
  tags = local.tags
}

# Mends: the same.
resource "aws_cloudwatch_event_rule" "reconcile_counts-event" {
  name = "${local.app}-${local.stage}-reconcile_counts"
  tags = local.tags
}

resource "aws_lambda_event_source_mapping" "run_jobs-sqs-event-source" {
  # Mends: no partial-batch response, so that one bad job repeats its whole batch. The queue's
  # redrive policy (module jobs) has the retry limit and the failure destination.
  function_response_types = ["ReportBatchItemFailures"]
  tags                    = local.tags
}

resource "aws_lambda_event_source_mapping" "send_replies-sqs-event-source" {
  # Mends: the same.
  function_response_types = ["ReportBatchItemFailures"]
  tags                    = local.tags
}

resource "aws_lambda_event_source_mapping" "on_session_change-dynamodb-event-source" {
  # Mends: no partial-batch response.
  function_response_types = ["ReportBatchItemFailures"]
  # Mends: no retry limit, so that a bad record blocks its shard for a day.
  maximum_retry_attempts        = 5
  maximum_record_age_in_seconds = 3600
  # Mends: no bisecting, so that good records are dropped together with a bad one.
  bisect_batch_on_function_error = true
  parallelization_factor         = 2
  tags                           = local.tags

  # Mends: no failure destination, so that a failed batch is lost.
  destination_config {
    on_failure {
      destination_arn = module.jobs.dead_letters_arn
    }
  }

  # Mends: no stream filter. A broadcast changes the session too, and nobody waits for that: only for
  # an end, for the speaker's first reply, and for a session that TTL has removed.
  filter_criteria {
    filter {
      pattern = jsonencode({ eventName = ["MODIFY"], dynamodb = { NewImage = { isActive = { BOOL = [false] } } } })
    }
    filter {
      pattern = jsonencode({ eventName = ["MODIFY"], dynamodb = { OldImage = { speakerOpeningAt = { N = [{ exists = true }] } } } })
    }
    filter {
      pattern = jsonencode({ eventName = ["REMOVE"] })
    }
  }
}

resource "aws_lambda_event_source_mapping" "on_counts_change-dynamodb-event-source" {
  # Mends: no partial-batch response.
  function_response_types = ["ReportBatchItemFailures"]
  # Mends: no retry limit, so that a bad record blocks its shard for a day.
  maximum_retry_attempts        = 5
  maximum_record_age_in_seconds = 3600
  # Mends: no bisecting, so that good records are dropped together with a bad one.
  bisect_batch_on_function_error = true
  # One batch of a shard of the stream at a time: the report's peak needs a session's changes in order.
  tags = local.tags

  # Mends: no failure destination, so that a failed batch is lost.
  destination_config {
    on_failure {
      destination_arn = module.jobs.dead_letters_arn
    }
  }

  # Mends: no stream filter. Nobody waits for the counts of a session that has ended.
  filter_criteria {
    filter {
      pattern = jsonencode({ eventName = ["MODIFY"], dynamodb = { NewImage = { isActive = { BOOL = [true] } } } })
    }
  }
}

# Settings that the functions lack: a description, tags, the key of their environment, and the level
# of Lambda's own log lines.
resource "aws_lambda_function" "api_handler" {
  # Mends: a function named like the app, which is the prefix of every other function's name.
  function_name = "${local.app}-${local.stage}-api_handler"
  description   = "The operator API."
  kms_key_arn   = var.kms_key_arn
  tags          = local.tags

  logging_config {
    log_format            = local.function_logs.format
    application_log_level = local.function_logs.application_level
    system_log_level      = local.function_logs.system_level
  }
}

resource "aws_lambda_function" "websocket_connect" {
  description = "Handshakes, with the action of their URL."
  kms_key_arn = var.kms_key_arn
  tags        = local.tags
  publish     = local.warm_connect

  logging_config {
    log_format            = local.function_logs.format
    application_log_level = local.function_logs.application_level
    system_log_level      = local.function_logs.system_level
  }
}

resource "aws_lambda_function" "websocket_message" {
  description = "Messages of clients."
  kms_key_arn = var.kms_key_arn
  tags        = local.tags

  logging_config {
    log_format            = local.function_logs.format
    application_log_level = local.function_logs.application_level
    system_log_level      = local.function_logs.system_level
  }
}

resource "aws_lambda_function" "websocket_disconnect" {
  description = "Clean-up of a closed connection."
  kms_key_arn = var.kms_key_arn
  tags        = local.tags

  logging_config {
    log_format            = local.function_logs.format
    application_log_level = local.function_logs.application_level
    system_log_level      = local.function_logs.system_level
  }
}

resource "aws_lambda_function" "sweep_connections" {
  description = "Every minute: close silent and expired connections, ask old ones to refresh."
  kms_key_arn = var.kms_key_arn
  tags        = local.tags

  logging_config {
    log_format            = local.function_logs.format
    application_log_level = local.function_logs.application_level
    system_log_level      = local.function_logs.system_level
  }
}

resource "aws_lambda_function" "publish_status" {
  description = "Every 30 seconds: statuses for speakers."
  kms_key_arn = var.kms_key_arn
  tags        = local.tags

  logging_config {
    log_format            = local.function_logs.format
    application_log_level = local.function_logs.application_level
    system_log_level      = local.function_logs.system_level
  }
}

resource "aws_lambda_function" "reconcile_counts" {
  description = "Every 15 minutes: compare counts with connections."
  kms_key_arn = var.kms_key_arn
  tags        = local.tags

  logging_config {
    log_format            = local.function_logs.format
    application_log_level = local.function_logs.application_level
    system_log_level      = local.function_logs.system_level
  }
}

resource "aws_lambda_function" "on_session_change" {
  description = "Changes of sessions: clean-up after a crash."
  kms_key_arn = var.kms_key_arn
  tags        = local.tags

  logging_config {
    log_format            = local.function_logs.format
    application_log_level = local.function_logs.application_level
    system_log_level      = local.function_logs.system_level
  }
}

resource "aws_lambda_function" "on_counts_change" {
  description = "Changes of listener counts: statuses, samples for reports."
  kms_key_arn = var.kms_key_arn
  tags        = local.tags

  logging_config {
    log_format            = local.function_logs.format
    application_log_level = local.function_logs.application_level
    system_log_level      = local.function_logs.system_level
  }
}

resource "aws_lambda_function" "run_jobs" {
  description = "Jobs: deliveries, ends of a grace period, requests."
  kms_key_arn = var.kms_key_arn
  tags        = local.tags

  logging_config {
    log_format            = local.function_logs.format
    application_log_level = local.function_logs.application_level
    system_log_level      = local.function_logs.system_level
  }
}

resource "aws_lambda_function" "send_replies" {
  description = "First replies to handshakes."
  kms_key_arn = var.kms_key_arn
  tags        = local.tags

  logging_config {
    log_format            = local.function_logs.format
    application_log_level = local.function_logs.application_level
    system_log_level      = local.function_logs.system_level
  }
}

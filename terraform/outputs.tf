output "websocket_url" {
  description = "URL that clients connect to."
  value       = var.custom_domain == null ? aws_apigatewayv2_stage.websocket_api_stage.invoke_url : "wss://${var.custom_domain.name}"

  precondition {
    condition     = var.stage == null || var.stage == local.stage
    error_message = "The package is of stage ${local.stage}: run `make package STAGE=${coalesce(var.stage, local.stage)}` first."
  }

  precondition {
    condition     = terraform.workspace == "default" || terraform.workspace == local.stage
    error_message = "The package is of stage ${local.stage}, the workspace is ${terraform.workspace}: applying would replace one stage by the other."
  }

  precondition {
    condition     = var.jwt_secret == null || var.jwt_jwks_url == null
    error_message = "Set jwt_secret or jwt_jwks_url, not both: a process recognises tokens in one way."
  }

  precondition {
    condition     = alltrue([for secret in values(local.read_secrets) : length(secret) >= 32])
    error_message = "Each secret must have at least 32 characters, for example from `openssl rand -hex 32`."
  }
}

output "operator_api_url" {
  description = "URL of the operator API; IAM controls access."
  value       = aws_api_gateway_stage.rest_api.invoke_url
}

output "operator_api_arn" {
  description = "ARN of all calls of the operator API, for policies that allow execute-api:Invoke."
  value       = "${aws_api_gateway_stage.rest_api.execution_arn}/*"
}

output "management_endpoint" {
  description = "https URL of the stage, for posts to connections."
  value       = local.management_endpoint
}

output "table_names" {
  description = "Name of each table."
  value       = module.tables.names
}

output "jobs_queue_url" {
  description = "URL of the jobs queue."
  value       = module.jobs.queue_url
}

output "replies_queue_url" {
  description = "URL of the queue of first replies."
  value       = module.jobs.replies_url
}

output "alarms_topic_arn" {
  description = "ARN of the topic that every alarm notifies."
  value       = module.observability.alarms_topic_arn
}

output "dashboard_url" {
  description = "URL of the dashboard in the AWS console."
  value       = module.observability.dashboard_url
}

output "custom_domain_target" {
  description = "Target of the custom domain's DNS record; null without a custom domain."
  value       = one(aws_apigatewayv2_domain_name.custom[*].domain_name_configuration[0].target_domain_name)
}

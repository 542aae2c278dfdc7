# Combines Chalice's output (chalice.tf.json: functions, API, rules, event sources) with the modules. `.chalice/config.json` and `app.py` refer to the names here:
#   tables   module.tables.*_name, and as `stream_arn` module.tables.sessions_stream_arn of on_session_change,
#            module.tables.counts_stream_arn of on_counts_change
#   jobs     module.jobs.queue_name as `queue` of run_jobs, and replies_name as that of send_replies: Chalice
#            makes the ARN of it, and refuses a reference as `queue_arn` (it must start with "arn:")
#   access   module.access.role_arns["<function>"]
#   locals   local.management_endpoint, local.secrets; var.settings, var.sweep_reserved_concurrency
locals {
  # Stage and app are taken from the package, so they can't differ from the zip.
  generated = jsondecode(file("${path.module}/chalice.tf.json"))
  stage     = local.generated.resource.aws_apigatewayv2_stage.websocket_api_stage.name
  app       = trimsuffix(local.generated.resource.aws_apigatewayv2_api.websocket_api.name, "-${local.stage}-websocket-api")
  functions = toset(keys(local.generated.resource.aws_lambda_function))
  prod      = local.stage == "prod"

  tags = merge(var.tags, { App = local.app, Stage = local.stage })

  # Made of the API, not of its stage: stage -> deployment -> functions -> their environment would be a cycle.
  management_endpoint = "${replace(aws_apigatewayv2_api.websocket_api.api_endpoint, "wss://", "https://")}/${local.stage}"

  deletion_protection = coalesce(var.deletion_protection, local.prod)
  log_retention_days  = coalesce(var.log_retention_days, local.prod ? 7 : 1)

  # The app's own lines pass unchanged either way. At an application level above INFO metrics would be
  # dropped: their lines name no level, and count as INFO.
  function_logs = var.platform_log_lines ? {
    format = "Text", application_level = null, system_level = null
    } : {
    format = "JSON", application_level = "INFO", system_level = "WARN"
  }
}

module "tables" {
  source = "./modules/tables"

  app                 = local.app
  stage               = local.stage
  deletion_protection = local.deletion_protection
  kms_key_arn         = var.kms_key_arn
  tags                = local.tags
}

module "jobs" {
  source = "./modules/jobs"

  app         = local.app
  stage       = local.stage
  kms_key_arn = var.kms_key_arn
  tags        = local.tags
}

module "access" {
  source = "./modules/access"

  app                 = local.app
  stage               = local.stage
  table_arns          = module.tables.arns
  stream_arns         = { sessions = module.tables.sessions_stream_arn, counts = module.tables.counts_stream_arn }
  queue_arn           = module.jobs.queue_arn
  replies_arn         = module.jobs.replies_arn
  dead_letters_arn    = module.jobs.dead_letters_arn
  log_group_arns      = module.observability.log_group_arns
  stage_execution_arn = "${aws_apigatewayv2_api.websocket_api.execution_arn}/${local.stage}"
  kms_key_arn         = var.kms_key_arn
  tags                = local.tags
}

module "observability" {
  source = "./modules/observability"

  app          = local.app
  stage        = local.stage
  functions    = local.functions
  api_id       = aws_apigatewayv2_api.websocket_api.id
  operator_api = local.operator_api
  table_names  = module.tables.names
  table_operations = {
    sessions      = ["GetItem", "UpdateItem", "Query", "TransactWriteItems"]
    counts        = ["Query", "UpdateItem", "TransactWriteItems"]
    connections   = ["GetItem", "UpdateItem", "Query", "Scan", "TransactWriteItems"]
    subscriptions = ["PutItem", "Query"]
    requests      = ["GetItem", "UpdateItem"]
    history       = ["PutItem", "Query"]
    rate_limits   = ["UpdateItem"]
  }
  queue_name        = module.jobs.queue_name
  replies_name      = module.jobs.replies_name
  dead_letters_name = module.jobs.dead_letters_name

  p95_functions = {
    websocket_connect = local.thresholds.connect_p95_milliseconds
    websocket_message = local.thresholds.message_p95_milliseconds
  }
  thresholds               = local.thresholds
  log_retention_days       = local.log_retention_days
  alarm_email              = var.alarm_email
  set_api_gateway_log_role = var.set_api_gateway_log_role
  kms_key_arn              = var.kms_key_arn
  tags                     = local.tags
}

# Alarm thresholds; var.alarm_thresholds replaces single ones.
locals {
  default_thresholds = {
    function_errors               = local.prod ? 0 : 5
    function_throttles            = local.prod ? 0 : 5
    connect_p95_milliseconds      = local.prod ? 1500 : 4000
    message_p95_milliseconds      = local.prod ? 500 : 2000
    jobs_age_seconds              = local.prod ? 60 : 300
    replies_age_seconds           = local.prod ? 5 : 60
    dead_letters                  = 0
    stream_age_milliseconds       = local.prod ? 60000 : 300000
    table_throttles               = local.prod ? 0 : 10
    table_system_errors           = local.prod ? 5 : 20
    api_client_errors             = local.prod ? 100 : 500
    api_server_errors             = local.prod ? 5 : 20
    idle_connections_per_minute   = 10
    connections_closed_per_minute = 50
    fan_out_unsent                = local.prod ? 0 : 100
    count_drift                   = 0
    internal_errors               = 0
    unavailable_errors            = local.prod ? 10 : 50
  }
  thresholds = merge(local.default_thresholds, { for name, value in var.alarm_thresholds : name => value if value != null })
}

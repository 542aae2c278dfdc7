mock_provider "aws" {
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/api-logs" }
  }
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-central-1:123456789012:alarms" }
  }
  mock_data "aws_region" {
    defaults = { name = "eu-central-1" }
  }
}

variables {
  app               = "lectern"
  stage             = "test"
  functions         = ["websocket_connect", "sweep_connections"]
  p95_functions     = { websocket_connect = 1500 }
  api_id            = "api1"
  operator_api      = "lectern-test-operator"
  table_names       = { sessions = "lectern-test-sessions" }
  table_operations  = { sessions = ["GetItem", "Query"] }
  queue_name        = "lectern-test-jobs"
  replies_name      = "lectern-test-replies"
  dead_letters_name = "lectern-test-dead-letters"
  thresholds = {
    function_errors               = 1
    function_throttles            = 2
    jobs_age_seconds              = 3
    replies_age_seconds           = 3
    dead_letters                  = 4
    stream_age_milliseconds       = 5
    table_throttles               = 6
    table_system_errors           = 7
    api_client_errors             = 8
    api_server_errors             = 9
    idle_connections_per_minute   = 10
    connections_closed_per_minute = 50
    fan_out_unsent                = 11
    count_drift                   = 12
    internal_errors               = 13
    unavailable_errors            = 14
  }
  log_retention_days = 7
  alarm_email        = "ops@example.com"
}

run "everything" {
  assert {
    condition     = toset([for group in aws_cloudwatch_log_group.function : group.name]) == toset(["/aws/lambda/lectern-test-websocket_connect", "/aws/lambda/lectern-test-sweep_connections"])
    error_message = "Log groups have the names that Lambda writes to."
  }

  assert {
    condition     = alltrue([for group in aws_cloudwatch_log_group.function : group.retention_in_days == 7]) && aws_cloudwatch_log_group.access.retention_in_days == 7
    error_message = "Every log has the requested retention."
  }

  assert {
    condition     = alltrue([for function in var.functions : length(setintersection(keys(aws_cloudwatch_metric_alarm.metric), ["${function}-errors", "${function}-throttles"])) == 2])
    error_message = "Each function has an alarm for its errors and one for its throttles."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.metric["websocket_connect-p95"].extended_statistic == "p95" && aws_cloudwatch_metric_alarm.metric["websocket_connect-p95"].threshold == 1500 && !contains(keys(aws_cloudwatch_metric_alarm.metric), "sweep_connections-p95")
    error_message = "Functions that a client waits for have an alarm for their slowest calls."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.metric["idle-connections"].alarm_name == "lectern-test-warning-idle-connections" && aws_cloudwatch_metric_alarm.metric["idle-connections"].threshold == 10 && aws_cloudwatch_metric_alarm.metric["idle-connections"].period == 60
    error_message = "More than 10 idle connections a minute are a warning."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.metric["connections-closed"].alarm_name == "lectern-test-critical-connections-closed" && aws_cloudwatch_metric_alarm.metric["connections-closed"].threshold == 50 && aws_cloudwatch_metric_alarm.metric["connections-closed"].period == 60
    error_message = "More than 50 closed connections a minute are critical."
  }

  assert {
    condition = alltrue([
      for alarm in concat(values(aws_cloudwatch_metric_alarm.metric), values(aws_cloudwatch_metric_alarm.table_throttles), values(aws_cloudwatch_metric_alarm.table_errors), [aws_cloudwatch_metric_alarm.sweep_silent]) :
      alarm.alarm_actions == toset([aws_sns_topic.alarms.arn]) && startswith(alarm.alarm_name, "lectern-test-")
    ])
    error_message = "Every alarm carries app and stage, and goes to the topic."
  }

  assert {
    condition     = aws_sns_topic_subscription.email[0].endpoint == "ops@example.com"
    error_message = "Alarms are mailed to the given address."
  }

  assert {
    condition     = length(jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets) == 12
    error_message = "The dashboard shows sessions, traffic, latency, time-outs, errors and what drives the cost."
  }

  assert {
    condition     = aws_api_gateway_account.logs[0].cloudwatch_role_arn == "arn:aws:iam::123456789012:role/api-logs"
    error_message = "API Gateway is allowed to write logs before a stage needs it."
  }
}

run "quiet" {
  command = plan

  variables {
    alarm_email              = null
    set_api_gateway_log_role = false
  }

  assert {
    condition     = length(aws_sns_topic_subscription.email) == 0 && length(aws_api_gateway_account.logs) == 0 && length(aws_iam_role.api_logs) == 0
    error_message = "Without an address nobody is mailed, and the account's setting stays untouched on request."
  }
}

run "refuses_what_cloudwatch_would" {
  command = plan

  variables {
    log_retention_days = 8
    alarm_email        = "ops at example.com"
    table_operations   = { sessions = ["A", "B", "C", "D", "E", "F", "G", "H", "I", "J"] }
  }

  expect_failures = [var.log_retention_days, var.alarm_email, var.table_operations]
}

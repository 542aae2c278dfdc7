# Every alarm on one metric is a row here; those on sums over DynamoDB's operations follow below.
# A row: severity, namespace, metric, dimensions, statistic, threshold (alarm above it), minutes
# (of a period) and periods (all of them must be above).
locals {
  function_alarms = merge([
    for function in var.functions : merge(
      {
        "${function}-errors" = {
          severity   = "critical", namespace = "AWS/Lambda", metric = "Errors", statistic = "Sum"
          dimensions = { FunctionName = "${var.app}-${var.stage}-${function}" }
          threshold  = var.thresholds.function_errors, minutes = 5, periods = 1
          text       = "${function} failed."
        }
        "${function}-throttles" = {
          severity   = "warning", namespace = "AWS/Lambda", metric = "Throttles", statistic = "Sum"
          dimensions = { FunctionName = "${var.app}-${var.stage}-${function}" }
          threshold  = var.thresholds.function_throttles, minutes = 5, periods = 1
          text       = "${function} was throttled: no concurrency was left."
        }
      },
      contains(keys(var.p95_functions), function) ? {
        "${function}-p95" = {
          severity   = "warning", namespace = "AWS/Lambda", metric = "Duration", statistic = "p95"
          dimensions = { FunctionName = "${var.app}-${var.stage}-${function}" }
          threshold  = var.p95_functions[function], minutes = 5, periods = 3
          text       = "One in twenty calls of ${function} is slower than ${var.p95_functions[function]} ms."
        }
      } : {},
    )
  ]...)

  flow_alarms = {
    jobs-age = {
      severity   = "critical", namespace = "AWS/SQS", metric = "ApproximateAgeOfOldestMessage", statistic = "Maximum"
      dimensions = { QueueName = var.queue_name }
      threshold  = var.thresholds.jobs_age_seconds, minutes = 1, periods = 5
      text       = "Jobs wait longer than ${var.thresholds.jobs_age_seconds} s: deliveries are late."
    }
    replies-age = {
      severity   = "critical", namespace = "AWS/SQS", metric = "ApproximateAgeOfOldestMessage", statistic = "Maximum"
      dimensions = { QueueName = var.replies_name }
      threshold  = var.thresholds.replies_age_seconds, minutes = 1, periods = 3
      text       = "First replies wait longer than ${var.thresholds.replies_age_seconds} s: clients with action= in the URL hear nothing."
    }
    dead-letters = {
      severity   = "critical", namespace = "AWS/SQS", metric = "ApproximateNumberOfMessagesVisible", statistic = "Maximum"
      dimensions = { QueueName = var.dead_letters_name }
      threshold  = var.thresholds.dead_letters, minutes = 5, periods = 1
      text       = "Jobs or batches of a stream failed every retry."
    }
    stream-age = {
      severity   = "critical", namespace = "AWS/Lambda", metric = "IteratorAge", statistic = "Maximum"
      dimensions = { FunctionName = "${var.app}-${var.stage}-on_session_change" }
      threshold  = var.thresholds.stream_age_milliseconds, minutes = 1, periods = 5
      text       = "The sessions stream is read late: clean-up after a crash is late."
    }
    counts-stream-age = {
      severity   = "critical", namespace = "AWS/Lambda", metric = "IteratorAge", statistic = "Maximum"
      dimensions = { FunctionName = "${var.app}-${var.stage}-on_counts_change" }
      threshold  = var.thresholds.stream_age_milliseconds, minutes = 1, periods = 5
      text       = "The counts stream is read late: statuses are late."
    }
    api-4xx = {
      severity   = "warning", namespace = "AWS/ApiGateway", metric = "ClientError", statistic = "Sum"
      dimensions = { ApiId = var.api_id, Stage = var.stage }
      threshold  = var.thresholds.api_client_errors, minutes = 5, periods = 1
      text       = "API Gateway refused many calls (4xx)."
    }
    api-5xx = {
      severity   = "critical", namespace = "AWS/ApiGateway", metric = "ExecutionError", statistic = "Sum"
      dimensions = { ApiId = var.api_id, Stage = var.stage }
      threshold  = var.thresholds.api_server_errors, minutes = 5, periods = 1
      text       = "API Gateway failed to call a function (5xx)."
    }
    operator-5xx = {
      severity   = "warning", namespace = "AWS/ApiGateway", metric = "5XXError", statistic = "Sum"
      dimensions = { ApiName = var.operator_api, Stage = var.stage }
      threshold  = var.thresholds.api_server_errors, minutes = 5, periods = 1
      text       = "The operator API failed (5xx): services cannot broadcast, operators cannot act."
    }
    api-integration = {
      severity   = "critical", namespace = "AWS/ApiGateway", metric = "IntegrationError", statistic = "Sum"
      dimensions = { ApiId = var.api_id, Stage = var.stage }
      threshold  = var.thresholds.api_server_errors, minutes = 5, periods = 1
      text       = "Functions returned errors to API Gateway (5xx)."
    }
  }

  app_alarms = {
    idle-connections = {
      severity   = "warning", namespace = "Lectern", metric = "IdleConnectionsDetected", statistic = "Sum"
      dimensions = {}
      threshold  = var.thresholds.idle_connections_per_minute, minutes = 1, periods = 1
      text       = "Many connections went silent within a minute."
    }
    connections-closed = {
      severity   = "critical", namespace = "Lectern", metric = "ConnectionsClosed", statistic = "Sum"
      dimensions = {}
      threshold  = var.thresholds.connections_closed_per_minute, minutes = 1, periods = 1
      text       = "The sweep closed very many connections within a minute."
    }
    fan-out-unsent = {
      severity   = "warning", namespace = "Lectern", metric = "FanOutUnsent", statistic = "Sum"
      dimensions = {}
      threshold  = var.thresholds.fan_out_unsent, minutes = 5, periods = 1
      text       = "Posts were left unsent when a function ran out of time; jobs send them."
    }
    count-drift = {
      severity   = "warning", namespace = "Lectern", metric = "CountDrift", statistic = "Sum"
      dimensions = {}
      threshold  = var.thresholds.count_drift, minutes = 15, periods = 1
      text       = "A listener count was wrong twice and was repaired: there is a defect."
    }
    message-errors = {
      severity   = "critical", namespace = "Lectern", metric = "MessageErrors", statistic = "Sum"
      dimensions = { Code = "INTERNAL_ERROR" }
      threshold  = var.thresholds.internal_errors, minutes = 5, periods = 1
      text       = "Messages were answered with INTERNAL_ERROR."
    }
    messages-unavailable = {
      severity   = "warning", namespace = "Lectern", metric = "MessageErrors", statistic = "Sum"
      dimensions = { Code = "SERVICE_UNAVAILABLE" }
      threshold  = var.thresholds.unavailable_errors, minutes = 5, periods = 1
      text       = "Messages were answered with SERVICE_UNAVAILABLE."
    }
  }

  alarms = merge(local.function_alarms, local.flow_alarms, local.app_alarms)
}

resource "aws_cloudwatch_metric_alarm" "metric" {
  for_each = local.alarms

  alarm_name          = "${var.app}-${var.stage}-${each.value.severity}-${each.key}"
  alarm_description   = each.value.text
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = startswith(each.value.statistic, "p") ? null : each.value.statistic
  extended_statistic  = startswith(each.value.statistic, "p") ? each.value.statistic : null
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
  period              = each.value.minutes * 60
  evaluation_periods  = each.value.periods
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
  tags                = var.tags
}

# Without the sweep no dead connection is ever found, and a disabled rule raises no error.
resource "aws_cloudwatch_metric_alarm" "sweep_silent" {
  alarm_name          = "${var.app}-${var.stage}-critical-sweep-silent"
  alarm_description   = "sweep_connections did not run for five minutes."
  namespace           = "AWS/Lambda"
  metric_name         = "Invocations"
  dimensions          = { FunctionName = "${var.app}-${var.stage}-sweep_connections" }
  statistic           = "Sum"
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  period              = 300
  evaluation_periods  = 1
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "table_throttles" {
  for_each = var.table_operations

  alarm_name          = "${var.app}-${var.stage}-critical-${each.key}-throttles"
  alarm_description   = "DynamoDB throttles the table ${each.key}."
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.thresholds.table_throttles
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
  tags                = var.tags

  metric_query {
    id          = "throttles"
    expression  = "SUM(METRICS())"
    label       = "throttles"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = toset(["Read", "Write"])

    content {
      id = lower(metric_query.key)

      metric {
        namespace   = "AWS/DynamoDB"
        metric_name = "${metric_query.key}ThrottleEvents"
        dimensions  = { TableName = var.table_names[each.key] }
        stat        = "Sum"
        period      = 300
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "table_errors" {
  for_each = var.table_operations

  alarm_name          = "${var.app}-${var.stage}-critical-${each.key}-system-errors"
  alarm_description   = "DynamoDB itself fails on the table ${each.key}."
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.thresholds.table_system_errors
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
  tags                = var.tags

  metric_query {
    id          = "errors"
    expression  = "SUM(METRICS())"
    label       = "system errors"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = toset(each.value)

    content {
      id = lower(metric_query.key)

      metric {
        namespace   = "AWS/DynamoDB"
        metric_name = "SystemErrors"
        dimensions  = { TableName = var.table_names[each.key], Operation = metric_query.key }
        stat        = "Sum"
        period      = 300
      }
    }
  }
}

data "aws_region" "current" {}

# A widget: its title and its metrics, [namespace, metric, dimension, value, ..., options].
locals {
  region = data.aws_region.current.name
  api    = ["ApiId", var.api_id, "Stage", var.stage]

  widgets = [
    {
      title = "Sessions and listeners", stat = "Maximum"
      metrics = [
        ["Lectern", "ActiveSessions"],
        ["Lectern", "TotalListeners"],
      ]
    },
    {
      title   = "Listeners by language", stat = "Maximum"
      metrics = [[{ expression = "SEARCH('{Lectern,Language} MetricName=\"ListenersByLanguage\"', 'Maximum', 60)", id = "languages" }]]
    },
    {
      title = "Connects and disconnects", stat = "Sum"
      metrics = [
        concat(["AWS/ApiGateway", "ConnectCount"], local.api, [{ label = "connects" }]),
        ["Lectern", "DisconnectCleanupLatency", { stat = "SampleCount", label = "disconnects" }],
      ]
    },
    {
      title   = "Messages by action", stat = "Sum"
      metrics = [[{ expression = "SEARCH('{Lectern,Action} MetricName=\"MessagesReceived\"', 'Sum', 60)", id = "actions" }]]
    },
    {
      title = "Fan-out latency, ms", stat = "p50"
      metrics = [
        for stat in ["p50", "p95", "p99"] : ["Lectern", "FanOutLatency", { stat = stat, label = stat }]
      ]
    },
    {
      title = "Fan-out recipients", stat = "Sum"
      metrics = [
        ["Lectern", "FanOutRecipients"],
        ["Lectern", "FanOutGone"],
        ["Lectern", "FanOutUnsent"],
      ]
    },
    {
      title = "Time-outs and sweeps", stat = "Sum"
      metrics = [
        [{ expression = "SEARCH('{Lectern,Role,Reason} MetricName=\"ConnectionTimeout\"', 'Sum', 60)", id = "timeouts" }],
        ["Lectern", "ConnectionsChecked"],
        ["Lectern", "IdleConnectionsDetected"],
        ["Lectern", "ConnectionsClosed"],
      ]
    },
    {
      title = "Errors", stat = "Sum"
      metrics = concat(
        [[{ expression = "SEARCH('{Lectern,Code} MetricName=\"MessageErrors\"', 'Sum', 60)", id = "codes" }]],
        [for function in var.functions : ["AWS/Lambda", "Errors", "FunctionName", "${var.app}-${var.stage}-${function}", { label = function }]],
        [for metric in ["ClientError", "ExecutionError", "IntegrationError"] : concat(["AWS/ApiGateway", metric], local.api)],
      )
    },
    {
      title = "Cost: messages and calls of functions", stat = "Sum"
      metrics = concat(
        [concat(["AWS/ApiGateway", "MessageCount"], local.api)],
        [for function in var.functions : ["AWS/Lambda", "Invocations", "FunctionName", "${var.app}-${var.stage}-${function}", { label = function }]],
      )
    },
    {
      title = "Cost: time of functions, ms", stat = "Sum"
      metrics = [
        for function in var.functions : ["AWS/Lambda", "Duration", "FunctionName", "${var.app}-${var.stage}-${function}", { label = function }]
      ]
    },
    {
      title = "Cost: writes and reads of tables", stat = "Sum"
      metrics = concat([
        for table in sort(keys(var.table_names)) : [
          for unit in ["Write", "Read"] :
          ["AWS/DynamoDB", "Consumed${unit}CapacityUnits", "TableName", var.table_names[table], { label = "${table} ${lower(unit)}s" }]
        ]
      ]...)
    },
    {
      title = "Jobs and streams", stat = "Maximum"
      metrics = [
        ["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", var.queue_name, { label = "oldest job, s" }],
        ["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", var.replies_name, { label = "oldest first reply, s" }],
        ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", var.dead_letters_name, { label = "dead letters" }],
        ["AWS/Lambda", "IteratorAge", "FunctionName", "${var.app}-${var.stage}-on_session_change", { label = "sessions stream, ms" }],
        ["AWS/Lambda", "IteratorAge", "FunctionName", "${var.app}-${var.stage}-on_counts_change", { label = "counts stream, ms" }],
      ]
    },
  ]
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = "${var.app}-${var.stage}"
  dashboard_body = jsonencode({
    widgets = [
      for index, widget in local.widgets : {
        type   = "metric"
        x      = index % 2 * 12
        y      = floor(index / 2) * 6
        width  = 12
        height = 6
        properties = {
          title   = widget.title
          region  = local.region
          view    = "timeSeries"
          stat    = widget.stat
          period  = 60
          metrics = widget.metrics
        }
      }
    ]
  })
}

# One role for each function. permissions.tf lists the allowed calls; this file turns them into policies.
locals {
  functions = toset(keys(local.tables))

  table_statements = {
    for function, tables in local.tables : function => [
      for table, actions in tables : {
        Sid      = "Table${replace(title(replace(table, "/[^A-Za-z]/", " ")), " ", "")}"
        Effect   = "Allow"
        Action   = [for action in sort(actions) : "dynamodb:${action}"]
        Resource = join("/", concat([var.table_arns[split("/", table)[0]]], slice(split("/", table), 1, length(split("/", table)))))
      }
    ]
  }

  send_statements = {
    for function in local.functions : function => contains(local.sends_jobs, function) ? [{
      Sid      = "SendJobs"
      Effect   = "Allow"
      Action   = ["sqs:SendMessage"]
      Resource = var.queue_arn
    }] : []
  }

  reply_statements = {
    for function in local.functions : function => contains(local.sends_replies, function) ? [{
      Sid      = "SendReplies"
      Effect   = "Allow"
      Action   = ["sqs:SendMessage"]
      Resource = var.replies_arn
    }] : []
  }

  count_statements = {
    for function in local.functions : function => contains(local.counts_jobs, function) ? [{
      Sid      = "CountJobs"
      Effect   = "Allow"
      Action   = ["sqs:GetQueueAttributes"]
      Resource = var.queue_arn
    }] : []
  }

  management_statements = {
    for function in local.functions : function => contains(keys(local.management), function) ? [{
      Sid      = "ManageConnections"
      Effect   = "Allow"
      Action   = ["execute-api:ManageConnections"]
      Resource = [for method in local.management[function] : "${var.stage_execution_arn}/${method}/@connections/*"]
    }] : []
  }

  queue_source_statements = {
    for function in local.functions : function => contains(keys(local.reads_queue), function) ? [{
      Sid      = "ReceiveJobs"
      Effect   = "Allow"
      Action   = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
      Resource = local.reads_queue[function]
    }] : []
  }

  # ListStreams can't name one stream: the table's streams are the narrowest resource that it accepts.
  stream_source_statements = {
    for function in local.functions : function => contains(keys(local.reads_stream), function) ? [
      {
        Sid      = "ReadStream"
        Effect   = "Allow"
        Action   = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"]
        Resource = var.stream_arns[local.reads_stream[function]]
      },
      {
        Sid      = "ListStreams"
        Effect   = "Allow"
        Action   = ["dynamodb:ListStreams"]
        Resource = "${var.table_arns[local.reads_stream[function]]}/stream/*"
      },
      {
        Sid      = "GiveUpOnBatch"
        Effect   = "Allow"
        Action   = ["sqs:SendMessage"]
        Resource = var.dead_letters_arn
      },
    ] : []
  }

  log_statements = {
    for function in local.functions : function => [{
      Sid      = "WriteLogs"
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = "${var.log_group_arns[function]}:*"
    }]
  }

  # X-Ray's actions support no resource: the only statement with a wildcard.
  trace_statements = [{
    Sid      = "WriteTraces"
    Effect   = "Allow"
    Action   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
    Resource = "*"
  }]

  key_statements = var.kms_key_arn == null ? [] : [{
    Sid      = "UseKey"
    Effect   = "Allow"
    Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
    Resource = var.kms_key_arn
  }]
}

resource "aws_iam_role" "function" {
  for_each = local.functions

  name        = "${var.app}-${var.stage}-${each.key}"
  description = "Permissions of the function ${each.key} of ${var.app}, stage ${var.stage}."
  tags        = var.tags
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "function" {
  for_each = local.functions

  name = "calls"
  role = aws_iam_role.function[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      local.table_statements[each.key],
      local.send_statements[each.key],
      local.reply_statements[each.key],
      local.count_statements[each.key],
      local.management_statements[each.key],
      local.queue_source_statements[each.key],
      local.stream_source_statements[each.key],
      local.log_statements[each.key],
      local.trace_statements,
      local.key_statements,
    )
  })
}

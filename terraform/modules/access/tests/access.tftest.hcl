# tests/terraform/test_permissions.py compares the actions with the code.
mock_provider "aws" {
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/function" }
  }
}

variables {
  app   = "lectern"
  stage = "test"
  table_arns = {
    sessions      = "arn:aws:dynamodb:eu-central-1:123456789012:table/lectern-test-sessions"
    counts        = "arn:aws:dynamodb:eu-central-1:123456789012:table/lectern-test-counts"
    connections   = "arn:aws:dynamodb:eu-central-1:123456789012:table/lectern-test-connections"
    subscriptions = "arn:aws:dynamodb:eu-central-1:123456789012:table/lectern-test-subscriptions"
    requests      = "arn:aws:dynamodb:eu-central-1:123456789012:table/lectern-test-requests"
    history       = "arn:aws:dynamodb:eu-central-1:123456789012:table/lectern-test-history"
    rate_limits   = "arn:aws:dynamodb:eu-central-1:123456789012:table/lectern-test-rate_limits"
  }
  stream_arns = {
    sessions = "arn:aws:dynamodb:eu-central-1:123456789012:table/lectern-test-sessions/stream/1"
    counts   = "arn:aws:dynamodb:eu-central-1:123456789012:table/lectern-test-counts/stream/1"
  }
  queue_arn        = "arn:aws:sqs:eu-central-1:123456789012:lectern-test-jobs"
  replies_arn      = "arn:aws:sqs:eu-central-1:123456789012:lectern-test-replies"
  dead_letters_arn = "arn:aws:sqs:eu-central-1:123456789012:lectern-test-dead-letters"
  log_group_arns = {
    api_handler          = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/lectern-test-api_handler"
    websocket_connect    = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/lectern-test-websocket_connect"
    websocket_message    = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/lectern-test-websocket_message"
    websocket_disconnect = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/lectern-test-websocket_disconnect"
    sweep_connections    = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/lectern-test-sweep_connections"
    publish_status       = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/lectern-test-publish_status"
    reconcile_counts     = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/lectern-test-reconcile_counts"
    on_session_change    = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/lectern-test-on_session_change"
    on_counts_change     = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/lectern-test-on_counts_change"
    run_jobs             = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/lectern-test-run_jobs"
    send_replies         = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/lectern-test-send_replies"
  }
  stage_execution_arn = "arn:aws:execute-api:eu-central-1:123456789012:api1/test"
}

run "roles" {
  command = plan

  assert {
    condition     = toset([for role in aws_iam_role.function : role.name]) == toset([for function in keys(var.log_group_arns) : "lectern-test-${function}"])
    error_message = "Each function has a role of its own, named with app and stage."
  }

  assert {
    condition     = toset(keys(output.role_arns)) == toset(keys(var.log_group_arns))
    error_message = "A function finds its role by its name."
  }

  assert {
    condition = alltrue([
      for policy in aws_iam_role_policy.function : alltrue([
        for statement in jsondecode(policy.policy).Statement :
        statement.Sid == "WriteTraces" || !contains(flatten([statement.Resource]), "*")
      ])
    ])
    error_message = "Only X-Ray, whose actions support no resource, has a wildcard resource."
  }

  assert {
    condition = alltrue([
      for policy in aws_iam_role_policy.function : alltrue([
        for statement in jsondecode(policy.policy).Statement : alltrue([
          for action in statement.Action : !strcontains(action, "*")
        ])
      ])
    ])
    error_message = "Actions are named, one by one."
  }

  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.function["run_jobs"].policy).Statement :
      statement.Resource if statement.Sid == "ReceiveJobs"
    ] == [var.queue_arn]
    error_message = "run_jobs takes jobs from the jobs queue."
  }

  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.function["send_replies"].policy).Statement :
      statement.Resource if statement.Sid == "ReceiveJobs"
    ] == [var.replies_arn]
    error_message = "send_replies takes jobs from the queue of first replies."
  }

  assert {
    condition = alltrue([
      for function, table in { on_session_change = "sessions", on_counts_change = "counts" } : [
        for statement in jsondecode(aws_iam_role_policy.function[function].policy).Statement :
        statement.Resource if contains(["ReadStream", "GiveUpOnBatch"], statement.Sid)
      ] == [var.stream_arns[table], var.dead_letters_arn]
    ])
    error_message = "Each reads the stream of its table, and sends failed batches to the dead-letter queue."
  }

  assert {
    condition = alltrue(flatten([
      for policy in aws_iam_role_policy.function : [
        for statement in jsondecode(policy.policy).Statement : [
          for resource in flatten([statement.Resource]) :
          can(regex("^arn:aws:execute-api:eu-central-1:123456789012:api1/test/(GET|POST|DELETE)/@connections/\\*$", resource))
        ] if statement.Sid == "ManageConnections"
      ]
    ]))
    error_message = "Connections of this stage alone, by method."
  }

  assert {
    condition     = !anytrue([for policy in aws_iam_role_policy.function : strcontains(policy.policy, "kms:")])
    error_message = "Without a customer key no function uses KMS."
  }
}

run "own_key" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/1"
  }

  assert {
    condition     = alltrue([for policy in aws_iam_role_policy.function : strcontains(policy.policy, var.kms_key_arn)])
    error_message = "With one, every function that touches tables may use it."
  }
}

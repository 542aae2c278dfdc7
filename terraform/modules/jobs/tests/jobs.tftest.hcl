mock_provider "aws" {
  mock_resource "aws_sqs_queue" {
    defaults = { arn = "arn:aws:sqs:eu-central-1:123456789012:queue" }
  }
}

variables {
  app   = "lectern"
  stage = "test"
}

run "queues" {
  assert {
    condition     = [for queue in [aws_sqs_queue.jobs, aws_sqs_queue.replies, aws_sqs_queue.dead_letters] : queue.name] == ["lectern-test-jobs", "lectern-test-replies", "lectern-test-dead-letters"]
    error_message = "Names carry app and stage."
  }

  assert {
    condition     = jsondecode(aws_sqs_queue_redrive_policy.jobs.redrive_policy) == { deadLetterTargetArn = aws_sqs_queue.dead_letters.arn, maxReceiveCount = 5 }
    error_message = "A job that failed five times becomes a dead letter."
  }

  assert {
    condition     = aws_sqs_queue_redrive_policy.replies.redrive_policy == aws_sqs_queue_redrive_policy.jobs.redrive_policy
    error_message = "So does a first reply."
  }

  assert {
    condition     = aws_sqs_queue.jobs.sqs_managed_sse_enabled && aws_sqs_queue.replies.sqs_managed_sse_enabled && aws_sqs_queue.dead_letters.sqs_managed_sse_enabled
    error_message = "Queues are encrypted even without a customer key."
  }

  assert {
    condition     = aws_sqs_queue.dead_letters.message_retention_seconds == 1209600
    error_message = "Dead letters are kept for the longest time that SQS allows."
  }
}

run "own_key" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/1"
  }

  assert {
    condition     = aws_sqs_queue.jobs.kms_master_key_id == var.kms_key_arn && aws_sqs_queue.replies.kms_master_key_id == var.kms_key_arn && aws_sqs_queue.dead_letters.kms_master_key_id == var.kms_key_arn
    error_message = "A customer key encrypts every queue."
  }
}

run "refuses_what_sqs_would" {
  command = plan

  variables {
    visibility_timeout_seconds         = 43201
    replies_visibility_timeout_seconds = -1
    retention_seconds                  = 59
    max_receive_count                  = 0
  }

  expect_failures = [var.visibility_timeout_seconds, var.replies_visibility_timeout_seconds, var.retention_seconds, var.max_receive_count]
}

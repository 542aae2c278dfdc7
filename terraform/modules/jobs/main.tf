# Background work: deliveries, status ticks, ends of a grace period, requests, resumed sweeps.
resource "aws_sqs_queue" "jobs" {
  name                              = "${var.app}-${var.stage}-jobs"
  visibility_timeout_seconds        = var.visibility_timeout_seconds
  message_retention_seconds         = var.retention_seconds
  receive_wait_time_seconds         = 20
  sqs_managed_sse_enabled           = var.kms_key_arn == null ? true : null
  kms_master_key_id                 = var.kms_key_arn
  kms_data_key_reuse_period_seconds = var.kms_key_arn == null ? null : 300
  tags                              = var.tags

  # Set by its own resource below; some services return it with different whitespace.
  lifecycle {
    ignore_changes = [redrive_policy]
  }
}

# First replies to handshakes, for which clients wait: they never stand behind other jobs.
resource "aws_sqs_queue" "replies" {
  name                              = "${var.app}-${var.stage}-replies"
  visibility_timeout_seconds        = var.replies_visibility_timeout_seconds
  message_retention_seconds         = var.retention_seconds
  receive_wait_time_seconds         = 20
  sqs_managed_sse_enabled           = var.kms_key_arn == null ? true : null
  kms_master_key_id                 = var.kms_key_arn
  kms_data_key_reuse_period_seconds = var.kms_key_arn == null ? null : 300
  tags                              = var.tags

  lifecycle {
    ignore_changes = [redrive_policy]
  }
}

# Jobs of both queues that failed every attempt, and batches of the sessions stream that failed every retry.
resource "aws_sqs_queue" "dead_letters" {
  name                              = "${var.app}-${var.stage}-dead-letters"
  message_retention_seconds         = 1209600
  sqs_managed_sse_enabled           = var.kms_key_arn == null ? true : null
  kms_master_key_id                 = var.kms_key_arn
  kms_data_key_reuse_period_seconds = var.kms_key_arn == null ? null : 300
  tags                              = var.tags
}

resource "aws_sqs_queue_redrive_policy" "jobs" {
  queue_url = aws_sqs_queue.jobs.id
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters.arn
    maxReceiveCount     = var.max_receive_count
  })
}

resource "aws_sqs_queue_redrive_policy" "replies" {
  queue_url = aws_sqs_queue.replies.id
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters.arn
    maxReceiveCount     = var.max_receive_count
  })
}

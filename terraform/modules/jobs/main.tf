# Background work: deliveries, welcomes, status ticks, ends of a grace, requests, sweeps that go on.
resource "aws_sqs_queue" "jobs" {
  name                              = "${var.app}-${var.stage}-jobs"
  visibility_timeout_seconds        = var.visibility_timeout_seconds
  message_retention_seconds         = var.retention_seconds
  receive_wait_time_seconds         = 20
  sqs_managed_sse_enabled           = var.kms_key_arn == null ? true : null
  kms_master_key_id                 = var.kms_key_arn
  kms_data_key_reuse_period_seconds = var.kms_key_arn == null ? null : 300
  tags                              = var.tags

  # Kept by the resource of its own below; some services give it back with other spaces.
  lifecycle {
    ignore_changes = [redrive_policy]
  }
}

# What failed too often, and batches of the sessions stream that were given up.
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

# The seven tables of the stack, defined only here: the sandbox and the tests read this file and create
# their tables from it. So it stays literal: one block for each table, and only names, protection and
# key are computed. Only the key attributes of tables and indexes are declared.

# Sessions. active-index is sparse: only active sessions carry activeShard, a number from 0 to 15.
# The stream feeds on_session_change: the clean-up after an end that a crash interrupted.
resource "aws_dynamodb_table" "sessions" {
  name                        = "${var.app}-${var.stage}-sessions"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "sessionId"
  stream_enabled              = true
  stream_view_type            = "NEW_AND_OLD_IMAGES"
  deletion_protection_enabled = var.deletion_protection
  tags                        = var.tags

  attribute {
    name = "sessionId"
    type = "S"
  }

  attribute {
    name = "tenantId"
    type = "S"
  }

  attribute {
    name = "speakerUserId"
    type = "S"
  }

  attribute {
    name = "activeShard"
    type = "N"
  }

  attribute {
    name = "createdAt"
    type = "N"
  }

  global_secondary_index {
    name            = "active-index"
    hash_key        = "activeShard"
    range_key       = "createdAt"
    projection_type = "KEYS_ONLY"
  }

  global_secondary_index {
    name            = "tenantId-createdAt-index"
    hash_key        = "tenantId"
    range_key       = "createdAt"
    projection_type = "KEYS_ONLY"
  }

  global_secondary_index {
    name            = "speakerUserId-index"
    hash_key        = "speakerUserId"
    projection_type = "KEYS_ONLY"
  }

  ttl {
    attribute_name = "expiresAt"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = var.kms_key_arn
  }
}

# The listener counts of each session, in shards, so that a crowd does not contend for one item. A
# shard has expiresAt only once its session has ended. The stream feeds on_counts_change: the
# speaker's status.
resource "aws_dynamodb_table" "counts" {
  name                        = "${var.app}-${var.stage}-counts"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "sessionId"
  range_key                   = "shard"
  stream_enabled              = true
  stream_view_type            = "NEW_AND_OLD_IMAGES"
  deletion_protection_enabled = var.deletion_protection
  tags                        = var.tags

  attribute {
    name = "sessionId"
    type = "S"
  }

  attribute {
    name = "shard"
    type = "N"
  }

  ttl {
    attribute_name = "expiresAt"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = var.kms_key_arn
  }
}

# Open sockets. The index of a session's listeners projects only the role, so a write of
# lastActivityTime touches no index.
resource "aws_dynamodb_table" "connections" {
  name                        = "${var.app}-${var.stage}-connections"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "connectionId"
  deletion_protection_enabled = var.deletion_protection
  tags                        = var.tags

  attribute {
    name = "connectionId"
    type = "S"
  }

  attribute {
    name = "sessionId"
    type = "S"
  }

  attribute {
    name = "targetLanguage"
    type = "S"
  }

  attribute {
    name = "tenantId"
    type = "S"
  }

  global_secondary_index {
    name               = "sessionId-targetLanguage-index"
    hash_key           = "sessionId"
    range_key          = "targetLanguage"
    projection_type    = "INCLUDE"
    non_key_attributes = ["role"]
  }

  global_secondary_index {
    name            = "tenantId-index"
    hash_key        = "tenantId"
    projection_type = "KEYS_ONLY"
  }

  ttl {
    attribute_name = "expiresAt"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = var.kms_key_arn
  }
}

# Subscriptions of connections to topics. topicKey is {sessionId}#{topic}.
resource "aws_dynamodb_table" "subscriptions" {
  name                        = "${var.app}-${var.stage}-subscriptions"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "topicKey"
  range_key                   = "connectionId"
  deletion_protection_enabled = var.deletion_protection
  tags                        = var.tags

  attribute {
    name = "topicKey"
    type = "S"
  }

  attribute {
    name = "connectionId"
    type = "S"
  }

  global_secondary_index {
    name            = "connectionId-index"
    hash_key        = "connectionId"
    projection_type = "KEYS_ONLY"
  }

  ttl {
    attribute_name = "expiresAt"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = var.kms_key_arn
  }
}

# Background requests.
resource "aws_dynamodb_table" "requests" {
  name                        = "${var.app}-${var.stage}-requests"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "requestId"
  deletion_protection_enabled = var.deletion_protection
  tags                        = var.tags

  attribute {
    name = "requestId"
    type = "S"
  }

  attribute {
    name = "connectionId"
    type = "S"
  }

  attribute {
    name = "createdAt"
    type = "N"
  }

  global_secondary_index {
    name            = "connectionId-createdAt-index"
    hash_key        = "connectionId"
    range_key       = "createdAt"
    projection_type = "KEYS_ONLY"
  }

  ttl {
    attribute_name = "expiresAt"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = var.kms_key_arn
  }
}

# Recent broadcasts, for recovery. streamKey is {sessionId}#{stream}.
resource "aws_dynamodb_table" "history" {
  name                        = "${var.app}-${var.stage}-history"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "streamKey"
  range_key                   = "seq"
  deletion_protection_enabled = var.deletion_protection
  tags                        = var.tags

  attribute {
    name = "streamKey"
    type = "S"
  }

  attribute {
    name = "seq"
    type = "N"
  }

  ttl {
    attribute_name = "expiresAt"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = var.kms_key_arn
  }
}

# Counters of rate limits. bucket is {operation}:{kind}:{value}:{window}.
resource "aws_dynamodb_table" "rate_limits" {
  name                        = "${var.app}-${var.stage}-rate_limits"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "bucket"
  deletion_protection_enabled = var.deletion_protection
  tags                        = var.tags

  attribute {
    name = "bucket"
    type = "S"
  }

  ttl {
    attribute_name = "expiresAt"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = var.kms_key_arn
  }
}

# The keys and indexes of the design's section 3, table by table.
mock_provider "aws" {}

variables {
  app   = "lectern"
  stage = "test"
  tags  = { App = "lectern" }
}

run "tables" {
  command = plan

  # sessions

  assert {
    condition     = aws_dynamodb_table.sessions.name == "lectern-test-sessions" && aws_dynamodb_table.sessions.hash_key == "sessionId" && aws_dynamodb_table.sessions.range_key == null
    error_message = "The name carries app and stage; the key is sessionId."
  }
  assert {
    condition = jsonencode({
      for index in aws_dynamodb_table.sessions.global_secondary_index :
      index.name => [index.hash_key, index.range_key, index.projection_type, index.non_key_attributes]
      }) == jsonencode({
      "active-index"             = ["activeShard", "createdAt", "KEYS_ONLY", null]
      "speakerUserId-index"      = ["speakerUserId", null, "KEYS_ONLY", null]
      "tenantId-createdAt-index" = ["tenantId", "createdAt", "KEYS_ONLY", null]
    })
    error_message = "The indexes are those of the design."
  }

  assert {
    condition = alltrue([
      aws_dynamodb_table.sessions.billing_mode == "PAY_PER_REQUEST",
      aws_dynamodb_table.sessions.ttl[0].attribute_name == "expiresAt" && aws_dynamodb_table.sessions.ttl[0].enabled,
      aws_dynamodb_table.sessions.point_in_time_recovery[0].enabled,
      aws_dynamodb_table.sessions.server_side_encryption[0].enabled,
      aws_dynamodb_table.sessions.deletion_protection_enabled,
      aws_dynamodb_table.sessions.tags == tomap({ App = "lectern" }),
    ])
    error_message = "On demand, expiring at expiresAt, recoverable, encrypted, protected, tagged."
  }

  assert {
    condition     = aws_dynamodb_table.sessions.stream_enabled && aws_dynamodb_table.sessions.stream_view_type == "NEW_AND_OLD_IMAGES"
    error_message = "The sessions stream has new and old images."
  }

  # counts

  assert {
    condition     = aws_dynamodb_table.counts.name == "lectern-test-counts" && aws_dynamodb_table.counts.hash_key == "sessionId" && aws_dynamodb_table.counts.range_key == "shard"
    error_message = "The name carries app and stage; the key is sessionId and shard."
  }
  assert {
    condition = jsonencode({
      for index in aws_dynamodb_table.counts.global_secondary_index :
      index.name => [index.hash_key, index.range_key, index.projection_type, index.non_key_attributes]
    }) == jsonencode({})
    error_message = "The indexes are those of the design."
  }

  assert {
    condition = alltrue([
      aws_dynamodb_table.counts.billing_mode == "PAY_PER_REQUEST",
      aws_dynamodb_table.counts.ttl[0].attribute_name == "expiresAt" && aws_dynamodb_table.counts.ttl[0].enabled,
      aws_dynamodb_table.counts.point_in_time_recovery[0].enabled,
      aws_dynamodb_table.counts.server_side_encryption[0].enabled,
      aws_dynamodb_table.counts.deletion_protection_enabled,
      aws_dynamodb_table.counts.tags == tomap({ App = "lectern" }),
    ])
    error_message = "On demand, expiring at expiresAt, recoverable, encrypted, protected, tagged."
  }

  assert {
    condition     = aws_dynamodb_table.counts.stream_enabled && aws_dynamodb_table.counts.stream_view_type == "NEW_AND_OLD_IMAGES"
    error_message = "The counts stream has new and old images."
  }

  # connections

  assert {
    condition     = aws_dynamodb_table.connections.name == "lectern-test-connections" && aws_dynamodb_table.connections.hash_key == "connectionId" && aws_dynamodb_table.connections.range_key == null
    error_message = "The name carries app and stage; the key is connectionId."
  }
  assert {
    condition = jsonencode({
      for index in aws_dynamodb_table.connections.global_secondary_index :
      index.name => [index.hash_key, index.range_key, index.projection_type, index.non_key_attributes]
      }) == jsonencode({
      "sessionId-targetLanguage-index" = ["sessionId", "targetLanguage", "INCLUDE", ["role"]]
      "tenantId-index"                 = ["tenantId", null, "KEYS_ONLY", null]
    })
    error_message = "The indexes are those of the design."
  }

  assert {
    condition = alltrue([
      aws_dynamodb_table.connections.billing_mode == "PAY_PER_REQUEST",
      aws_dynamodb_table.connections.ttl[0].attribute_name == "expiresAt" && aws_dynamodb_table.connections.ttl[0].enabled,
      aws_dynamodb_table.connections.point_in_time_recovery[0].enabled,
      aws_dynamodb_table.connections.server_side_encryption[0].enabled,
      aws_dynamodb_table.connections.deletion_protection_enabled,
      aws_dynamodb_table.connections.tags == tomap({ App = "lectern" }),
    ])
    error_message = "On demand, expiring at expiresAt, recoverable, encrypted, protected, tagged."
  }

  # subscriptions

  assert {
    condition     = aws_dynamodb_table.subscriptions.name == "lectern-test-subscriptions" && aws_dynamodb_table.subscriptions.hash_key == "topicKey" && aws_dynamodb_table.subscriptions.range_key == "connectionId"
    error_message = "The name carries app and stage; the key is topicKey and connectionId."
  }
  assert {
    condition = jsonencode({
      for index in aws_dynamodb_table.subscriptions.global_secondary_index :
      index.name => [index.hash_key, index.range_key, index.projection_type, index.non_key_attributes]
      }) == jsonencode({
      "connectionId-index" = ["connectionId", null, "KEYS_ONLY", null]
    })
    error_message = "The indexes are those of the design."
  }

  assert {
    condition = alltrue([
      aws_dynamodb_table.subscriptions.billing_mode == "PAY_PER_REQUEST",
      aws_dynamodb_table.subscriptions.ttl[0].attribute_name == "expiresAt" && aws_dynamodb_table.subscriptions.ttl[0].enabled,
      aws_dynamodb_table.subscriptions.point_in_time_recovery[0].enabled,
      aws_dynamodb_table.subscriptions.server_side_encryption[0].enabled,
      aws_dynamodb_table.subscriptions.deletion_protection_enabled,
      aws_dynamodb_table.subscriptions.tags == tomap({ App = "lectern" }),
    ])
    error_message = "On demand, expiring at expiresAt, recoverable, encrypted, protected, tagged."
  }

  # requests

  assert {
    condition     = aws_dynamodb_table.requests.name == "lectern-test-requests" && aws_dynamodb_table.requests.hash_key == "requestId" && aws_dynamodb_table.requests.range_key == null
    error_message = "The name carries app and stage; the key is requestId."
  }
  assert {
    condition = jsonencode({
      for index in aws_dynamodb_table.requests.global_secondary_index :
      index.name => [index.hash_key, index.range_key, index.projection_type, index.non_key_attributes]
      }) == jsonencode({
      "connectionId-createdAt-index" = ["connectionId", "createdAt", "KEYS_ONLY", null]
    })
    error_message = "The indexes are those of the design."
  }

  assert {
    condition = alltrue([
      aws_dynamodb_table.requests.billing_mode == "PAY_PER_REQUEST",
      aws_dynamodb_table.requests.ttl[0].attribute_name == "expiresAt" && aws_dynamodb_table.requests.ttl[0].enabled,
      aws_dynamodb_table.requests.point_in_time_recovery[0].enabled,
      aws_dynamodb_table.requests.server_side_encryption[0].enabled,
      aws_dynamodb_table.requests.deletion_protection_enabled,
      aws_dynamodb_table.requests.tags == tomap({ App = "lectern" }),
    ])
    error_message = "On demand, expiring at expiresAt, recoverable, encrypted, protected, tagged."
  }

  # history

  assert {
    condition     = aws_dynamodb_table.history.name == "lectern-test-history" && aws_dynamodb_table.history.hash_key == "streamKey" && aws_dynamodb_table.history.range_key == "seq"
    error_message = "The name carries app and stage; the key is streamKey and seq."
  }
  assert {
    condition = jsonencode({
      for index in aws_dynamodb_table.history.global_secondary_index :
      index.name => [index.hash_key, index.range_key, index.projection_type, index.non_key_attributes]
    }) == jsonencode({})
    error_message = "The indexes are those of the design."
  }

  assert {
    condition = alltrue([
      aws_dynamodb_table.history.billing_mode == "PAY_PER_REQUEST",
      aws_dynamodb_table.history.ttl[0].attribute_name == "expiresAt" && aws_dynamodb_table.history.ttl[0].enabled,
      aws_dynamodb_table.history.point_in_time_recovery[0].enabled,
      aws_dynamodb_table.history.server_side_encryption[0].enabled,
      aws_dynamodb_table.history.deletion_protection_enabled,
      aws_dynamodb_table.history.tags == tomap({ App = "lectern" }),
    ])
    error_message = "On demand, expiring at expiresAt, recoverable, encrypted, protected, tagged."
  }

  # rate_limits

  assert {
    condition     = aws_dynamodb_table.rate_limits.name == "lectern-test-rate_limits" && aws_dynamodb_table.rate_limits.hash_key == "bucket" && aws_dynamodb_table.rate_limits.range_key == null
    error_message = "The name carries app and stage; the key is bucket."
  }
  assert {
    condition = jsonencode({
      for index in aws_dynamodb_table.rate_limits.global_secondary_index :
      index.name => [index.hash_key, index.range_key, index.projection_type, index.non_key_attributes]
    }) == jsonencode({})
    error_message = "The indexes are those of the design."
  }

  assert {
    condition = alltrue([
      aws_dynamodb_table.rate_limits.billing_mode == "PAY_PER_REQUEST",
      aws_dynamodb_table.rate_limits.ttl[0].attribute_name == "expiresAt" && aws_dynamodb_table.rate_limits.ttl[0].enabled,
      aws_dynamodb_table.rate_limits.point_in_time_recovery[0].enabled,
      aws_dynamodb_table.rate_limits.server_side_encryption[0].enabled,
      aws_dynamodb_table.rate_limits.deletion_protection_enabled,
      aws_dynamodb_table.rate_limits.tags == tomap({ App = "lectern" }),
    ])
    error_message = "On demand, expiring at expiresAt, recoverable, encrypted, protected, tagged."
  }
}

run "without_protection" {
  command = plan

  variables {
    deletion_protection = false
    kms_key_arn         = "arn:aws:kms:eu-central-1:123456789012:key/1"
  }

  assert {
    condition     = !aws_dynamodb_table.sessions.deletion_protection_enabled && !aws_dynamodb_table.history.deletion_protection_enabled
    error_message = "Without protection a stage can be destroyed."
  }

  assert {
    condition     = aws_dynamodb_table.connections.server_side_encryption[0].kms_key_arn == "arn:aws:kms:eu-central-1:123456789012:key/1"
    error_message = "A customer key encrypts the tables."
  }
}

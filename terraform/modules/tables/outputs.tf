output "sessions_name" {
  description = "Name of the sessions table."
  value       = aws_dynamodb_table.sessions.name
}

output "counts_name" {
  description = "Name of the counts table."
  value       = aws_dynamodb_table.counts.name
}

output "connections_name" {
  description = "Name of the connections table."
  value       = aws_dynamodb_table.connections.name
}

output "subscriptions_name" {
  description = "Name of the subscriptions table."
  value       = aws_dynamodb_table.subscriptions.name
}

output "requests_name" {
  description = "Name of the requests table."
  value       = aws_dynamodb_table.requests.name
}

output "history_name" {
  description = "Name of the history table."
  value       = aws_dynamodb_table.history.name
}

output "rate_limits_name" {
  description = "Name of the rate limits table."
  value       = aws_dynamodb_table.rate_limits.name
}

output "sessions_stream_arn" {
  description = "ARN of the stream of the sessions table."
  value       = aws_dynamodb_table.sessions.stream_arn
}

output "counts_stream_arn" {
  description = "ARN of the stream of the counts table."
  value       = aws_dynamodb_table.counts.stream_arn
}

output "arns" {
  description = "ARN of each table, by the name of its resource."
  value = {
    sessions      = aws_dynamodb_table.sessions.arn
    counts        = aws_dynamodb_table.counts.arn
    connections   = aws_dynamodb_table.connections.arn
    subscriptions = aws_dynamodb_table.subscriptions.arn
    requests      = aws_dynamodb_table.requests.arn
    history       = aws_dynamodb_table.history.arn
    rate_limits   = aws_dynamodb_table.rate_limits.arn
  }
}

output "names" {
  description = "Name of each table, by the name of its resource."
  value = {
    sessions      = aws_dynamodb_table.sessions.name
    counts        = aws_dynamodb_table.counts.name
    connections   = aws_dynamodb_table.connections.name
    subscriptions = aws_dynamodb_table.subscriptions.name
    requests      = aws_dynamodb_table.requests.name
    history       = aws_dynamodb_table.history.name
    rate_limits   = aws_dynamodb_table.rate_limits.name
  }
}

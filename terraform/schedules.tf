# A scheduled call that failed or was throttled is not retried: the next one is a minute away, and
# calls that queue up behind the sweep's one instance would only run late.
resource "aws_lambda_function_event_invoke_config" "scheduled" {
  for_each = {
    sweep_connections = aws_lambda_function.sweep_connections.function_name
    publish_status    = aws_lambda_function.publish_status.function_name
    reconcile_counts  = aws_lambda_function.reconcile_counts.function_name
  }

  function_name                = each.value
  maximum_retry_attempts       = 0
  maximum_event_age_in_seconds = 60
}

output "log_group_arns" {
  description = "ARN of each function's log group, by the function's name without app and stage."
  value       = { for function, group in aws_cloudwatch_log_group.function : function => group.arn }
}

output "access_log_arn" {
  description = "ARN of the API's access log; known once API Gateway is allowed to write to it."
  value       = aws_cloudwatch_log_group.access.arn
  depends_on  = [aws_api_gateway_account.logs]
}

output "operator_access_log_arn" {
  description = "ARN of the operator API's access log; known once API Gateway is allowed to write to it."
  value       = aws_cloudwatch_log_group.operator_access.arn
  depends_on  = [aws_api_gateway_account.logs]
}

output "alarms_topic_arn" {
  description = "ARN of the topic that every alarm notifies."
  value       = aws_sns_topic.alarms.arn
}

output "dashboard_url" {
  description = "URL of the dashboard in the AWS console."
  value       = "https://${data.aws_region.current.name}.console.aws.amazon.com/cloudwatch/home#dashboards/dashboard/${aws_cloudwatch_dashboard.this.dashboard_name}"
}

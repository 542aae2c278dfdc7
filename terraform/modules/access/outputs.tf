# A function that depends on its role thereby depends on the policy and the log group too: Lambda
# refuses an event source that its role cannot read, and would create the log group itself.
output "role_arns" {
  description = "ARN of each function's role, by the function's name without app and stage."
  value       = { for function, role in aws_iam_role.function : function => role.arn }
  depends_on  = [aws_iam_role_policy.function]
}

# Log groups with the names that Lambda writes to. Lambda would create them itself, and keep logs for ever.
resource "aws_cloudwatch_log_group" "function" {
  for_each = var.functions

  name              = "/aws/lambda/${var.app}-${var.stage}-${each.key}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
  tags              = var.tags
}

resource "aws_cloudwatch_log_group" "access" {
  name              = "/aws/apigateway/${var.app}-${var.stage}-access"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
  tags              = var.tags
}

resource "aws_cloudwatch_log_group" "operator_access" {
  name              = "/aws/apigateway/${var.operator_api}-access"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
  tags              = var.tags
}

# API Gateway writes logs with one role for the whole account and region, and refuses a stage with
# an access log until it is set. AWS's own policy for it names no resource, and neither can this.
resource "aws_iam_role" "api_logs" {
  count = var.set_api_gateway_log_role ? 1 : 0

  name        = "${var.app}-${var.stage}-api-gateway-logs"
  description = "Lets API Gateway write logs; one for the account and region."
  tags        = var.tags
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "apigateway.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "api_logs" {
  count = var.set_api_gateway_log_role ? 1 : 0

  name = "logs"
  role = aws_iam_role.api_logs[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect = "Allow"
      Action = [
        "logs:CreateLogGroup",
        "logs:CreateLogStream",
        "logs:DescribeLogGroups",
        "logs:DescribeLogStreams",
        "logs:FilterLogEvents",
        "logs:GetLogEvents",
        "logs:PutLogEvents",
      ]
      Resource = "*"
    }]
  })
}

resource "aws_api_gateway_account" "logs" {
  count = var.set_api_gateway_log_role ? 1 : 0

  cloudwatch_role_arn = aws_iam_role.api_logs[0].arn
  depends_on          = [aws_iam_role_policy.api_logs]
}

# Not encrypted with the account's aws/sns key: its policy lets no alarm publish, and nothing would arrive.
resource "aws_sns_topic" "alarms" {
  name              = "${var.app}-${var.stage}-alarms"
  kms_master_key_id = var.kms_key_arn
  tags              = var.tags
}

resource "aws_sns_topic_subscription" "email" {
  count = var.alarm_email == null ? 0 : 1

  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = var.alarm_email
}

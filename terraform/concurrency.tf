# Warm instances for connect, because a person waits for its cold starts. They belong to a published
# version, so API Gateway calls an alias of it (see websocket_connect in chalice_override.tf).
locals {
  warm_connect = var.connect_provisioned_concurrency > 0
}

resource "aws_lambda_alias" "connect" {
  count = local.warm_connect ? 1 : 0

  name             = "live"
  description      = "The version that API Gateway calls."
  function_name    = aws_lambda_function.websocket_connect.function_name
  function_version = aws_lambda_function.websocket_connect.version
}

resource "aws_lambda_provisioned_concurrency_config" "connect" {
  count = local.warm_connect ? 1 : 0

  function_name                     = aws_lambda_function.websocket_connect.function_name
  qualifier                         = aws_lambda_alias.connect[0].name
  provisioned_concurrent_executions = var.connect_provisioned_concurrency
}

resource "aws_lambda_permission" "connect_alias" {
  count = local.warm_connect ? 1 : 0

  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.websocket_connect.function_name
  qualifier     = aws_lambda_alias.connect[0].name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.websocket_api.execution_arn}/*"
}

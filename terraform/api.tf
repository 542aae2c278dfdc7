# The reply to a message is the return value of its handler: one call less than a post. Chalice generates
# no route response, and an override can't add one (chalice_override.tf has the route's part).
resource "aws_apigatewayv2_route_response" "message" {
  api_id             = aws_apigatewayv2_api.websocket_api.id
  route_id           = aws_apigatewayv2_route.websocket_message_route.id
  route_response_key = "$default"
}

# The stage of the operator API. Chalice's deployment would create one without throttles, access log,
# metrics and traces (chalice_override.tf prevents that).
locals {
  operator_api = "${local.app}-${local.stage}-operator"

  # RFC 9457, as the app's own refusals. `$context.error.messageString` brings its own quotes.
  gateway_problem = {
    responseParameters = { "gatewayresponse.header.Content-Type" = "'application/problem+json'" }
    responseTemplates = {
      "application/json" = "{\"type\":\"about:blank\",\"title\":\"$context.error.responseType\",\"detail\":$context.error.messageString,\"code\":\"$context.error.responseType\",\"correlationId\":\"$context.requestId\"}"
    }
  }
  gateway_responses = { DEFAULT_4XX = local.gateway_problem, DEFAULT_5XX = local.gateway_problem }
}

resource "aws_api_gateway_stage" "rest_api" {
  rest_api_id          = aws_api_gateway_rest_api.rest_api.id
  deployment_id        = aws_api_gateway_deployment.rest_api.id
  stage_name           = local.stage
  description          = "The operator API of ${local.app}, stage ${local.stage}."
  xray_tracing_enabled = true
  tags                 = local.tags

  # The caller is in the app's own log; this one has no address, query or payload.
  access_log_settings {
    destination_arn = module.observability.operator_access_log_arn
    format = jsonencode({
      requestId         = "$context.requestId"
      extendedRequestId = "$context.extendedRequestId"
      requestTime       = "$context.requestTimeEpoch"
      httpMethod        = "$context.httpMethod"
      resourcePath      = "$context.resourcePath"
      status            = "$context.status"
      errorResponseType = "$context.error.responseType"
      integrationStatus = "$context.integration.status"
      latency           = "$context.responseLatency"
    })
  }
}

resource "aws_api_gateway_method_settings" "rest_api" {
  rest_api_id = aws_api_gateway_rest_api.rest_api.id
  stage_name  = aws_api_gateway_stage.rest_api.stage_name
  method_path = "*/*"

  settings {
    throttling_rate_limit  = var.operator_throttle.rate
    throttling_burst_limit = var.operator_throttle.burst
    metrics_enabled        = true
    data_trace_enabled     = false
    logging_level          = "OFF"
  }
}

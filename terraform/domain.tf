# A custom domain for clients; posts to connections still use the API's own endpoint.
resource "aws_apigatewayv2_domain_name" "custom" {
  count = var.custom_domain == null ? 0 : 1

  domain_name = var.custom_domain.name
  tags        = local.tags

  domain_name_configuration {
    certificate_arn = var.custom_domain.certificate_arn
    endpoint_type   = "REGIONAL"
    security_policy = "TLS_1_2"
  }
}

resource "aws_apigatewayv2_api_mapping" "custom" {
  count = var.custom_domain == null ? 0 : 1

  api_id      = aws_apigatewayv2_api.websocket_api.id
  domain_name = aws_apigatewayv2_domain_name.custom[0].id
  stage       = aws_apigatewayv2_stage.websocket_api_stage.name
}

resource "aws_route53_record" "custom" {
  count = try(var.custom_domain.zone_id, null) == null ? 0 : 1

  zone_id = var.custom_domain.zone_id
  name    = var.custom_domain.name
  type    = "A"

  alias {
    name                   = aws_apigatewayv2_domain_name.custom[0].domain_name_configuration[0].target_domain_name
    zone_id                = aws_apigatewayv2_domain_name.custom[0].domain_name_configuration[0].hosted_zone_id
    evaluate_target_health = false
  }
}

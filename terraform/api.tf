# The reply to a message is what its handler returns: one call less than a post. Chalice generates no
# route response, and an override can't add one (chalice_override.tf has the route's half of it).
resource "aws_apigatewayv2_route_response" "message" {
  api_id             = aws_apigatewayv2_api.websocket_api.id
  route_id           = aws_apigatewayv2_route.websocket_message_route.id
  route_response_key = "$default"
}

"""The extensions of moto, one file per service."""

import functools

from localcloud.control import apigateway, apigatewayv2, awslambda, cloudwatch, cloudwatch_logs


@functools.cache
def extend(gateway_url: str) -> None:
    """Extend moto's classes, once per process. APIs are served at `gateway_url`."""
    apigateway.extend()
    apigatewayv2.extend(gateway_url)
    awslambda.extend()
    cloudwatch.extend()
    cloudwatch_logs.extend()

"""Parts to remove from the Terraform, and the step of `everything_works` that misses each."""

from dataclasses import dataclass

from tests.localcloud.applied.cloud import Edit
from tests.localcloud.applied.edits import (
    all_of,
    without_block,
    without_resource,
    without_text,
    without_variable,
)


@dataclass(frozen=True)
class Case:
    """A part to remove; with `always` in every run, not only in the nightly one."""

    edit: Edit
    missed: str
    redeployed: bool = False
    always: bool = False


_PERMISSIONS = "modules/access/permissions.tf"
_OVERRIDE = "chalice_override.tf"
_HISTORY = f'      "history"{"":42}= ["GetItem", "PutItem", "Query"]\n'
_TENANTS = """  attribute {
    name = "tenantId"
    type = "S"
  }
"""
_LISTENERS = f"""  attribute {{
    name = "sessionId"
    type = "S"
  }}

  attribute {{
    name = "targetLanguage"
    type = "S"
  }}

{_TENANTS}
  global_secondary_index {{
    name               = "sessionId-targetLanguage-index"
    hash_key           = "sessionId"
    range_key          = "targetLanguage"
    projection_type    = "INCLUDE"
    non_key_attributes = ["role"]
  }}
"""

CASES = {
    "route $connect": Case(
        without_resource("aws_apigatewayv2_route", "websocket_connect_route"),
        missed="_opened",
        redeployed=True,
    ),
    "route $disconnect": Case(
        without_resource("aws_apigatewayv2_route", "websocket_disconnect_route"),
        missed="_leaves",
        redeployed=True,
    ),
    "route response": Case(
        all_of(
            without_block("api.tf", 'resource "aws_apigatewayv2_route_response" "message"'),
            without_text(
                _OVERRIDE,
                "    route_response = aws_apigatewayv2_route_response.message.route_response_key\n",
            ),
        ),
        missed="_talks",
        redeployed=True,
    ),
    "throttles of the stage": Case(
        all_of(
            without_text(_OVERRIDE, "    throttling_rate_limit    = var.throttle.rate\n"),
            without_text(_OVERRIDE, "    throttling_burst_limit   = var.throttle.burst\n"),
        ),
        missed="_opened",
    ),
    "permission of the API": Case(
        without_resource("aws_lambda_permission", "websocket_message_invoke_permission"),
        missed="_talks",
    ),
    "permission of a rule": Case(
        without_resource("aws_lambda_permission", "publish_status-event"),
        missed="_is_told_by_the_clock",
    ),
    "target of a rule": Case(
        without_resource("aws_cloudwatch_event_target", "sweep_connections-event"),
        missed="_is_told_by_the_clock",
    ),
    "event source of the jobs": Case(
        without_resource("aws_lambda_event_source_mapping", "run_jobs-sqs-event-source"),
        missed="_works_in_the_background",
    ),
    "event source of the first replies": Case(
        without_resource("aws_lambda_event_source_mapping", "send_replies-sqs-event-source"),
        missed="_opened",
        always=True,
    ),
    "event source of the stream": Case(
        without_resource(
            "aws_lambda_event_source_mapping", "on_counts_change-dynamodb-event-source"
        ),
        missed="_is_told_by_the_clock",
    ),
    "variable with a table": Case(
        without_variable("websocket_message", "HISTORY_TABLE_NAME"), missed="_talks"
    ),
    "variable with the queue": Case(
        without_variable("websocket_connect", "REPLIES_QUEUE_URL"), missed="_opened"
    ),
    "variable with the endpoint": Case(
        without_variable("send_replies", "API_GATEWAY_ENDPOINT"), missed="_opened"
    ),
    "variable with the secret": Case(
        without_variable("websocket_connect", "JWT_SECRET"), missed="_opened"
    ),
    "index of the listeners": Case(
        without_text("modules/tables/main.tf", _LISTENERS, _TENANTS), missed="_talks"
    ),
    "statement on a table": Case(
        without_text(_PERMISSIONS, _HISTORY), missed="_talks", always=True
    ),
    "statement on connections": Case(
        without_text(_PERMISSIONS, '    send_replies         = ["POST"]\n'),
        missed="_opened",
    ),
    "statement on sending first replies": Case(
        without_text(
            _PERMISSIONS,
            '  sends_replies = ["websocket_connect", "send_replies", "run_jobs"]\n',
            '  sends_replies = ["send_replies", "run_jobs"]\n',
        ),
        missed="_opened",
    ),
    "statement on reading the stream": Case(
        without_text(
            _PERMISSIONS,
            '{ on_session_change = "sessions", on_counts_change = "counts" }',
            '{ on_session_change = "sessions" }',
        ),
        missed="_is_told_by_the_clock",
    ),
}

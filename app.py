"""Every handler of the stack. Each body is one call into `chalicelib`."""

import os
from collections.abc import Callable
from typing import Any

from chalice import Chalice, IAMAuthorizer, Rate, Response
from chalice.app import CloudWatchEvent, DynamoDBEvent, Request, SQSEvent, WebsocketEvent

from chalicelib import handlers, wiring

app = Chalice(app_name="lectern")
app.experimental_feature_flags.update(["WEBSOCKETS"])  # without it Chalice refuses to package


@app.on_ws_connect(name="connect")
def connect(event: WebsocketEvent) -> dict[str, Any]:
    """`$connect`: a client opens a socket."""
    return handlers.connect(event.to_dict(), event.context)


@app.on_ws_message(name="message")
def message(event: WebsocketEvent) -> dict[str, Any]:
    """`$default`: a client has sent a message."""
    return handlers.message(event.to_dict(), event.context)


@app.on_ws_disconnect(name="disconnect")
def disconnect(event: WebsocketEvent) -> dict[str, Any]:
    """`$disconnect`: a socket has closed."""
    return handlers.disconnect(event.to_dict(), event.context)


@app.schedule(Rate(1, unit=Rate.MINUTES), name="sweep_connections")
def sweep_connections(event: CloudWatchEvent) -> dict[str, Any]:
    """Close silent connections, notify ageing ones, end sessions whose time is up."""
    return handlers.sweep_connections(event.context)


@app.schedule(Rate(1, unit=Rate.MINUTES), name="publish_status")
def publish_status(event: CloudWatchEvent) -> dict[str, Any]:
    """Send every speaker the status of its session, now and half a minute later."""
    return handlers.publish_status(event.context)


@app.schedule(Rate(15, unit=Rate.MINUTES), name="reconcile_counts")
def reconcile_counts(event: CloudWatchEvent) -> dict[str, Any]:
    """Compare the counts with the connections themselves."""
    return handlers.reconcile_counts(event.context)


@app.on_dynamodb_record(
    stream_arn="${module.tables.sessions_stream_arn}",
    name="on_session_change",
    batch_size=100,
    maximum_batching_window_in_seconds=1,
)
def on_session_change(event: DynamoDBEvent) -> dict[str, Any]:
    """Finish ends that a crash interrupted, and send a speaker its first status."""
    return handlers.session_changes(event.to_dict(), event.context)


@app.on_dynamodb_record(
    stream_arn="${module.tables.counts_stream_arn}",
    name="on_counts_change",
    batch_size=100,
    maximum_batching_window_in_seconds=1,
)
def on_counts_change(event: DynamoDBEvent) -> dict[str, Any]:
    """Send statuses when the listeners of a session change."""
    return handlers.counts_changes(event.to_dict(), event.context)


# A backlog of jobs must not take the account's concurrency from `$connect`: "maximum concurrency",
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html.
@app.on_sqs_message(
    queue="${module.jobs.queue_name}",
    name="run_jobs",
    batch_size=10,
    maximum_concurrency=50,
)
def run_jobs(event: SQSEvent) -> dict[str, Any]:
    """Run background jobs."""
    return handlers.jobs(event.to_dict(), event.context)


@app.on_sqs_message(
    queue="${module.jobs.replies_name}",
    name="send_replies",
    batch_size=10,
    maximum_concurrency=50,
)
def send_replies(event: SQSEvent) -> dict[str, Any]:
    """Send the first replies of new sockets, for which clients wait."""
    return handlers.replies(event.to_dict(), event.context)


# The operator API: on AWS for those that IAM authorizes, in the sandbox for everybody.
app.api.binary_types = []  # it is JSON only
OPERATORS = {"authorizer": IAMAuthorizer()}


@app.route("/v1/sessions", **OPERATORS)
def list_sessions() -> Response:
    """List the active sessions of all tenants."""
    return handlers.operate("listSessions", app.current_request)


@app.route("/v1/sessions/{sessionId}", **OPERATORS)
def get_session(**_: str) -> Response:
    """Show one session."""
    return handlers.operate("getSession", app.current_request)


@app.route("/v1/sessions/{sessionId}/connections", **OPERATORS)
def list_connections(**_: str) -> Response:
    """List the connections of a session."""
    return handlers.operate("listConnections", app.current_request)


@app.route("/v1/sessions/{sessionId}/broadcasts", methods=["POST"], **OPERATORS)
def broadcast(**_: str) -> Response:
    """Broadcast to a session's listeners."""
    return handlers.operate("broadcast", app.current_request)


@app.route("/v1/sessions/{sessionId}/end", methods=["POST"], **OPERATORS)
def end_session(**_: str) -> Response:
    """End a session."""
    return handlers.operate("endSession", app.current_request)


@app.route("/v1/tenants/{tenantId}/sessions", **OPERATORS)
def list_tenant_sessions(**_: str) -> Response:
    """List a tenant's sessions."""
    return handlers.operate("listTenantSessions", app.current_request)


@app.route("/v1/tenants/{tenantId}/messages", methods=["POST"], **OPERATORS)
def tell_tenant(**_: str) -> Response:
    """Send a message to every connection of a tenant."""
    return handlers.operate("tellTenant", app.current_request)


@app.route("/v1/tenants/{tenantId}/users/{userId}/connections", methods=["DELETE"], **OPERATORS)
def remove_user(**_: str) -> Response:
    """Close a user's connections, and refuse their tokens."""
    return handlers.operate("removeUser", app.current_request)


@app.route("/v1/health", **OPERATORS)
def get_health() -> Response:
    """Check that the tables, the queue and the management API can be reached."""
    return handlers.operate("getHealth", app.current_request)


@app.middleware("http")
def problems(request: Request, get_response: Callable[[Request], Response]) -> Response:
    """Give Chalice's own refusals the form of our errors."""
    return handlers.refuse(request, get_response)


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    wiring.services()  # until the first event a Lambda has a whole core, and it opens a connection

if "SANDBOX_PORT" in os.environ:
    from sandbox import start

    start(app)

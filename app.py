"""Every handler that the stack has. Each body is one call; what it does is in `chalicelib`."""

import os
from typing import Any

from chalice import Chalice, Rate
from chalice.app import CloudWatchEvent, DynamoDBEvent, SQSEvent, WebsocketEvent

from chalicelib import handlers, wiring

app = Chalice(app_name="lectern")
app.experimental_feature_flags.update(["WEBSOCKETS"])  # without it Chalice refuses to package


@app.on_ws_connect(name="connect")
def connect(event: WebsocketEvent) -> dict[str, Any]:
    """A socket wants to open: `$connect`."""
    return handlers.connect(event.to_dict(), event.context)


@app.on_ws_message(name="message")
def message(event: WebsocketEvent) -> dict[str, Any]:
    """A client has sent a message: `$default`."""
    return handlers.message(event.to_dict(), event.context)


@app.on_ws_disconnect(name="disconnect")
def disconnect(event: WebsocketEvent) -> dict[str, Any]:
    """A socket has closed: `$disconnect`."""
    return handlers.disconnect(event.to_dict(), event.context)


@app.schedule(Rate(1, unit=Rate.MINUTES), name="sweep_connections")
def sweep_connections(event: CloudWatchEvent) -> dict[str, Any]:
    """Every minute: silent and ageing sockets, sessions whose time is up."""
    return handlers.sweep_connections(event.context)


@app.schedule(Rate(1, unit=Rate.MINUTES), name="publish_status")
def publish_status(event: CloudWatchEvent) -> dict[str, Any]:
    """Every minute, and half a minute later: every speaker's status."""
    return handlers.publish_status(event.context)


@app.schedule(Rate(15, unit=Rate.MINUTES), name="reconcile_counts")
def reconcile_counts(event: CloudWatchEvent) -> dict[str, Any]:
    """Every 15 minutes: the counts against the connections themselves."""
    return handlers.reconcile_counts(event.context)


@app.on_dynamodb_record(
    stream_arn="${module.tables.sessions_stream_arn}",
    name="on_session_change",
    batch_size=100,
    maximum_batching_window_in_seconds=1,
)
def on_session_change(event: DynamoDBEvent) -> dict[str, Any]:
    """The sessions table has changed: statuses, and what a crash left of an end."""
    return handlers.session_changes(event.to_dict(), event.context)


@app.on_sqs_message(queue="${module.jobs.queue_name}", name="run_jobs", batch_size=10)
def run_jobs(event: SQSEvent) -> dict[str, Any]:
    """Background jobs."""
    return handlers.jobs(event.to_dict(), event.context)


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    wiring.parts()  # until the first event a Lambda has a whole core, and it opens a connection

if "SANDBOX_PORT" in os.environ:
    from sandbox import start

    start(app)

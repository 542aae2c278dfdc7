"""Turn Lambda events into calls of actions: each handler parses, makes one call, maps errors."""

import base64
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from chalicelib import wiring
from chalicelib.actions.connection.connect import Handshake, accept
from chalicelib.actions.connection.disconnect import CloseEvent, clean_up
from chalicelib.actions.connection.refused import admit
from chalicelib.actions.dispatch import Frame, dispatch, read_envelope
from chalicelib.actions.jobs import run_job, run_replies
from chalicelib.actions.ports import Remaining
from chalicelib.actions.services import Services
from chalicelib.actions.upkeep import reconcile, status, sweep
from chalicelib.actions.upkeep.counts_changes import on_counts_change
from chalicelib.actions.upkeep.session_changes import on_session_change
from chalicelib.domain.types import ConnectionId, Millis
from chalicelib.errors import ClientError, Code, client_error
from chalicelib.identity.credentials import find_subprotocol
from chalicelib.protocol.codec import Envelope, encode, error_message, guess_envelope
from chalicelib.protocol.jobs import PublishStatus, decode_job
from chalicelib.protocol.messages import Message

Event = Mapping[str, Any]


def connect(event: Event, context: Any) -> dict[str, Any]:
    """`$connect`: 200, or the status that refuses the handshake (PROTOCOL 1.3)."""
    services, request_context = wiring.services(), event["requestContext"]
    connection_id = ConnectionId(request_context["connectionId"])
    handshake = Handshake(
        connection_id=connection_id,
        connected_at=Millis(request_context["connectedAt"]),
        address=request_context["identity"]["sourceIp"],
        headers=event["multiValueHeaders"],
        parameters=event.get("multiValueQueryStringParameters") or {},
    )
    with services.telemetry.invocation("connect", request_context["requestId"], connection_id):
        try:
            accept(services, handshake, _remaining(context))
        except Exception as error:  # whatever fails, the handshake gets a status
            return _refuse(services, handshake, error, request_context["requestId"])
        (role,) = handshake.parameters.get("role", ("listener",))
        services.telemetry.info("connected", role=role)
        return _accepted(handshake)


def message(event: Event, context: Any) -> dict[str, Any]:
    """`$default`: the route's response sends the returned body to the client."""
    services, request_context = wiring.services(), event["requestContext"]
    frame = Frame(
        connection_id=ConnectionId(request_context["connectionId"]),
        address=request_context["identity"]["sourceIp"],
        body=_body(event),
        remaining=_remaining(context),
    )
    with services.telemetry.invocation(
        "message", request_context["requestId"], frame.connection_id
    ):
        reply = _reply(services, frame, request_context)
        return {"statusCode": 200, "body": encode(reply).decode()}


def disconnect(event: Event, context: Any) -> dict[str, Any]:
    """`$disconnect`: always 200, as no client could act on anything else."""
    services, request_context = wiring.services(), event["requestContext"]
    connection_id = ConnectionId(request_context["connectionId"])
    close_event = CloseEvent(code=request_context.get("disconnectStatusCode"))
    with services.telemetry.invocation("disconnect", request_context["requestId"], connection_id):
        try:
            clean_up(services, connection_id, close_event, _remaining(context))
        except Exception as error:  # a bug: the sweep comes to the same connection again
            services.telemetry.error("disconnectFailed", exception=error)
    return {"statusCode": 200}


def jobs(event: Event, context: Any) -> dict[str, Any]:
    """Run a batch of jobs. Only the messages that failed are delivered again (partial batch)."""
    services, failed = wiring.services(), []
    with services.telemetry.invocation("run_jobs", context.aws_request_id):
        for record in event["Records"]:
            try:
                job = decode_job(record["body"])
                run_job(services, job, _remaining(context), _receives(record))
            except Exception as error:  # one message must not take its batch with it
                services.telemetry.error("jobFailed", exception=error)
                failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}


def replies(event: Event, context: Any) -> dict[str, Any]:
    """Send a batch of first replies. Only those that failed are delivered again."""
    services, records = wiring.services(), event["Records"]
    with services.telemetry.invocation("send_replies", context.aws_request_id):
        bodies = [record["body"] for record in records]
        errors = run_replies(services, bodies, _remaining(context))
        for error in filter(None, errors):
            services.telemetry.error("replyFailed", exception=error)
    failed = [record["messageId"] for record, error in zip(records, errors, strict=True) if error]
    return {"batchItemFailures": [{"itemIdentifier": each} for each in failed]}


def session_changes(event: Event, context: Any) -> dict[str, Any]:
    """Handle a batch of the sessions stream. It is retried from the first record that failed."""
    services = wiring.services()
    with services.telemetry.invocation("on_session_change", context.aws_request_id):
        failed = on_session_change(services, event["Records"], _remaining(context))
    return {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}


def counts_changes(event: Event, context: Any) -> dict[str, Any]:
    """Handle a batch of the counts stream. It is retried from the first record that failed."""
    services = wiring.services()
    with services.telemetry.invocation("on_counts_change", context.aws_request_id):
        failed = on_counts_change(services, event["Records"], _remaining(context))
    return {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}


def sweep_connections(context: Any) -> dict[str, Any]:
    services = wiring.services()
    with services.telemetry.invocation("sweep_connections", context.aws_request_id):
        swept = sweep.sweep(services, _remaining(context))
    return {"checked": swept.checked, "idle": swept.idle, "closed": swept.closed}


def publish_status(context: Any) -> dict[str, Any]:
    """Publish now, and by delayed jobs until the schedule comes again a minute later."""
    services = wiring.services()
    interval = services.settings.status_interval_seconds
    with services.telemetry.invocation("publish_status", context.aws_request_id):
        for delay in range(interval, 60, interval):
            services.jobs.send(PublishStatus(), delay)
        told = status.publish(services, _remaining(context))
    return {"told": told}


def reconcile_counts(context: Any) -> dict[str, Any]:
    services = wiring.services()
    with services.telemetry.invocation("reconcile_counts", context.aws_request_id):
        return {"suspects": reconcile.reconcile(services)}


def operate(operation: str, request: Any) -> Any:
    """Run one operation of the operator API for Chalice's request, and return the response."""
    return _api().handle(wiring.services(), operation, request)


def refuse(request: Any, get_response: Callable[[Any], Any]) -> Any:
    """Return Chalice's own refusals in the operator API's form of an error."""
    return _api().as_problem(request, get_response)


def _api() -> ModuleType:
    # Imported here: the socket's functions share this file, and must not pay for the API.
    from chalicelib.api import http  # noqa: PLC0415

    return http


def _reply(services: Services, frame: Frame, request_context: Event) -> Message:
    started = services.clock()
    envelope = Envelope()
    try:
        envelope = read_envelope(services, frame)
        reply = dispatch(services, frame, envelope)
    except Exception as error:  # whatever a client sends, it gets a reply
        refusal = _client_error(services, error)
        if refusal.status == 400 and envelope == Envelope():
            envelope = guess_envelope(frame.body)
        services.telemetry.metric("MessageErrors", 1, dimensions={"Code": refusal.code.value})
        reply = error_message(refusal, envelope, services.clock())
        if refusal.code is Code.INTERNAL_ERROR:
            reply.correlation_id = request_context["requestId"]
    action = _known_action(envelope)
    services.telemetry.metric("MessagesReceived", 1, dimensions={"Action": action})
    latency = services.clock() - started
    services.telemetry.metric(
        "HandlerLatency", latency, "Milliseconds", dimensions={"Action": action}
    )
    return reply


def _accepted(handshake: Handshake) -> dict[str, Any]:
    subprotocol = find_subprotocol(handshake.headers)
    headers = {"Sec-WebSocket-Protocol": subprotocol} if subprotocol else {}
    return {"statusCode": 200, "headers": headers}


def _refuse(
    services: Services, handshake: Handshake, error: Exception, correlation_id: str
) -> dict[str, Any]:
    """Return the status of a refused handshake; 200 if it is told in band instead."""
    refusal = _client_error(services, error)
    services.telemetry.info("refused", status=refusal.status, code=refusal.code.value)
    if handshake.is_told(refusal):
        told = error_message(refusal, handshake.envelope, services.clock())
        if admit(services, handshake.connection_id, handshake.connected_at, told):
            return _accepted(handshake)
    body = error_message(refusal, Envelope(), services.clock())
    if refusal.code is Code.INTERNAL_ERROR:
        body.correlation_id = correlation_id
    headers = {"Content-Type": "application/json"}
    if refusal.retry_after is not None:
        headers["Retry-After"] = str(refusal.retry_after)
    return {"statusCode": refusal.status, "headers": headers, "body": encode(body).decode()}


def _client_error(services: Services, error: Exception) -> ClientError:
    """Return what the client is told of an error, and log what it is not told."""
    refusal = client_error(error)
    if refusal is not error:
        is_defect = refusal.code is Code.INTERNAL_ERROR
        services.telemetry.error("unexpected" if is_defect else "upstreamFailed", exception=error)
    return refusal


def _known_action(envelope: Envelope) -> str:
    """Return the action as a metric's dimension: one of a fixed set, whatever a client sends."""
    return envelope.action if envelope.is_known else "unknown"


def _body(event: Event) -> bytes:
    body = event.get("body") or ""
    if event.get("isBase64Encoded"):
        return base64.b64decode(body)
    # Lone surrogates cannot be encoded; passed on as they are, they make the frame INVALID_JSON.
    return str(body).encode("utf-8", "surrogatepass")


def _receives(record: Event) -> int:
    """Return the number of deliveries of a queue's message, this one included."""
    return int(record.get("attributes", {}).get("ApproximateReceiveCount", 1))


def _remaining(context: Any) -> Remaining:
    return lambda: context.get_remaining_time_in_millis() / 1000

"""The record of a request to a REST API: its metrics and its line in the access log."""

import json
import time
from dataclasses import dataclass, field
from typing import Any

from localcloud.context import Context
from localcloud.gateway.access_log import filled
from localcloud.gateway.gateway_metrics import count_rest_request
from localcloud.gateway.gateway_responses import RefusedError
from localcloud.gateway.rest_events import RestCall, request_context
from localcloud.gateway.stages import access_log_of


@dataclass
class RequestRecord:
    """A request and its progress so far."""

    call: RestCall
    began: float = field(default_factory=time.monotonic)
    refusal: RefusedError | None = None
    integration_millis: float | None = None
    """Duration of the function; None if none was called."""
    integration_status: int | None = None
    """The status that the function returned; None if it returned none."""


def finish(
    context: Context, api: Any, arn: str, record: RequestRecord, status: int, length: int
) -> None:
    """Count the request, and write its line if the stage with that ARN has an access log.

    `api` is moto's; `status` and `length` (bytes) are those of the response.
    """
    call = record.call
    latencies = {"Latency": _millis_since(record.began)}
    if record.integration_millis is not None:
        latencies["IntegrationLatency"] = record.integration_millis
    count_rest_request(context.metrics, context.clock(), api.name, call.stage, status, latencies)
    log = access_log_of(api.stages[call.stage].access_log_settings, arn)
    if log:
        variables = {
            **request_context(call, context.account),
            **_response_variables(record),
            "status": status,
            "responseLength": length,
            "responseLatency": round(latencies["Latency"]),
        }
        context.log(log.group, log.stream, filled(log.format, variables))


def _response_variables(record: RequestRecord) -> dict[str, Any]:
    found: dict[str, Any] = {"resourcePath": record.call.resource or "-"}
    if record.refusal:
        text = str(record.refusal)
        found["error"] = {
            "message": text,
            "messageString": json.dumps(text),
            "responseType": record.refusal.kind,
        }
    if record.integration_millis is not None:
        latency = round(record.integration_millis)
        # 200 is Lambda's own status: it ran the function.
        found["integration"] = {"status": 200, "latency": latency}
        if record.integration_status is not None:
            found["integration"]["integrationStatus"] = record.integration_status
            found["integrationStatus"] = record.integration_status
        found["integrationLatency"] = latency
    return found


def _millis_since(since: float) -> float:
    return (time.monotonic() - since) * 1000

"""A request to a REST API, from its arrival to its line in the access log."""

import json
import time
from dataclasses import dataclass, field
from typing import Any

from localcloud.gateway.access_log import filled
from localcloud.gateway.metrics import count_rest
from localcloud.gateway.refusals import RefusalError
from localcloud.gateway.rest_events import RestCall, context_of
from localcloud.gateway.stages import access_log_of
from localcloud.parts import Parts


@dataclass
class Visit:
    """What is known of a request so far."""

    call: RestCall
    began: float = field(default_factory=time.monotonic)
    refusal: RefusalError | None = None
    integrated: float | None = None
    """Milliseconds that the function took; None where none was called."""
    integration_status: int | None = None
    """The status that the function gave, if it gave one."""


def done(parts: Parts, api: Any, arn: str, visit: Visit, status: int, length: int) -> None:
    """Counts the request, and writes its line if the stage (of that ARN) has an access log.

    `api` is moto's; `status` and `length` (bytes) are those of the answer.
    """
    call = visit.call
    latencies = {"Latency": _millis(visit.began)}
    if visit.integrated is not None:
        latencies["IntegrationLatency"] = visit.integrated
    dimensions = {"ApiName": api.name, "Stage": call.stage}
    count_rest(parts.measures, parts.clock(), dimensions, status, latencies)
    log = access_log_of(api.stages[call.stage].access_log_settings, arn)
    if log:
        context = {
            **context_of(call, parts.account),
            **_of_answer(visit),
            "status": status,
            "responseLength": length,
            "responseLatency": round(latencies["Latency"]),
        }
        parts.log(log.group, log.stream, filled(log.format, context))


def _of_answer(visit: Visit) -> dict[str, Any]:
    found: dict[str, Any] = {"resourcePath": visit.call.resource or "-"}
    if visit.refusal:
        text = str(visit.refusal)
        found["error"] = {
            "message": text,
            "messageString": json.dumps(text),
            "responseType": visit.refusal.kind,
        }
    if visit.integrated is not None:
        latency = round(visit.integrated)
        # 200 is Lambda's own: that it ran the function.
        found["integration"] = {"status": 200, "latency": latency}
        if visit.integration_status is not None:
            found["integration"]["integrationStatus"] = visit.integration_status
            found["integrationStatus"] = visit.integration_status
        found["integrationLatency"] = latency
    return found


def _millis(since: float) -> float:
    return (time.monotonic() - since) * 1000

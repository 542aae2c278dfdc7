"""The jobs queue's one handler: what a message's `kind` means. Every kind may run twice."""

import base64
from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.actions import (
    delivery,
    ending,
    reconcile,
    requests,
    status,
    sweep,
    welcome,
    work,
)
from chalicelib.actions.ports import Remaining
from chalicelib.actions.services import Services
from chalicelib.domain.types import ConnectionId, Millis, SessionId

Job = Mapping[str, Any]

_ = work  # imported for the request types that it registers


def run_job(services: Services, job: Job, remaining: Remaining) -> None:
    """Runs one job. An exception leaves it to the queue, which brings it again."""
    _KINDS[job["kind"]](services, job, remaining)


def _end_of_grace(services: Services, job: Job, remaining: Remaining) -> None:
    ending.end(
        services,
        SessionId(job["sessionId"]),
        "speakerDisconnected",
        remaining,
        grace_deadline=Millis(job["deadline"]),
    )


def _fan_out(services: Services, job: Job, _: Remaining) -> None:
    target = delivery.Target(SessionId(job["sessionId"]), job["language"])
    body = base64.b64decode(job["body"])
    total = delivery.split(services, target, body, job["requestId"])
    if job["requestId"] is not None:
        _advance(services, job["requestId"], {}, total)


def _deliver(services: Services, job: Job, remaining: Remaining) -> None:
    ids = [ConnectionId(each) for each in job["connectionIds"]]
    body = base64.b64decode(job["body"])
    result = delivery.deliver(services, ids, body, remaining, job["requestId"])
    if job["requestId"] is not None:
        tally = {
            "delivered": result.delivered,
            "gone": len(result.gone),
            "slow": len(result.slow) + len(result.refused),
        }
        _advance(services, job["requestId"], tally, None)


def _advance(
    services: Services, request_id: str, tally: Mapping[str, int], total: int | None
) -> None:
    """Adds to a delivery's progress; whoever adds the last one completes it."""
    request = services.requests.add_done(request_id, tally, total)
    if request is None:
        return
    if request.found is not None and request.done >= request.found:
        requests.complete(services, request, dict(request.tally))
    elif request.total:
        requests.tell_progress(services, request, min(99, request.done * 100 // request.total))


_KINDS: dict[str, Callable[[Services, Job, Remaining], None]] = {
    "welcome": lambda services, job, _: welcome.welcome(services, job),
    "endOfGrace": _end_of_grace,
    "finishEnd": lambda services, job, remaining: ending.finish(
        services, SessionId(job["sessionId"]), remaining
    ),
    "fanOut": _fan_out,
    "deliver": _deliver,
    "statusTick": lambda services, _job, remaining: _ignore(status.publish(services, remaining)),
    "runRequest": lambda services, job, _: requests.run(services, job["requestId"]),
    "sweep": sweep.resume,
    "repairCounts": lambda services, job, _: reconcile.repair(services, job),
}


def _ignore(_told: int) -> None:
    """A job answers nothing."""

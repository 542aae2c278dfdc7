"""The jobs queue's one handler: what a message's `kind` means. Every kind may run twice."""

from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.actions import (
    delivery_jobs,
    ending,
    grace,
    reconcile,
    requests,
    status,
    sweep,
    welcome,
    work,
)
from chalicelib.actions.ports import Remaining
from chalicelib.actions.services import Services
from chalicelib.domain.types import Millis, SessionId

Job = Mapping[str, Any]

_ = work  # imported for the request types that it registers


def run_job(services: Services, job: Job, remaining: Remaining) -> None:
    """Runs one job. An exception leaves it to the queue, which brings it again."""
    _KINDS[job["kind"]](services, job, remaining)


def _end_of_grace(services: Services, job: Job, remaining: Remaining) -> None:
    grace.run_out(services, SessionId(job["sessionId"]), Millis(job["deadline"]), remaining)


_KINDS: dict[str, Callable[[Services, Job, Remaining], None]] = {
    "welcome": lambda services, job, _: welcome.welcome(services, job),
    "endOfGrace": _end_of_grace,
    "finishEnd": lambda services, job, remaining: ending.finish(
        services, SessionId(job["sessionId"]), remaining
    ),
    "fanOut": delivery_jobs.fan_out,
    "deliver": delivery_jobs.deliver,
    "gone": delivery_jobs.clean_up,
    "statusTick": lambda services, _job, remaining: _ignore(status.publish(services, remaining)),
    "runRequest": lambda services, job, _: requests.run(services, job["requestId"]),
    "sweep": sweep.resume,
    "repairCounts": lambda services, job, _: reconcile.repair(services, job),
}


def _ignore(_told: int) -> None:
    """A job answers nothing."""

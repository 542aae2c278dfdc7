"""The jobs queue's one handler: what a message's `kind` means. Every kind may run twice.

A job that fails comes again, until the queue gives it up to the dead letters.
"""

from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.actions.background import fan_out as delivery_jobs
from chalicelib.actions.background import kinds as work
from chalicelib.actions.background import requests
from chalicelib.actions.connection import first_reply as welcome
from chalicelib.actions.connection import notices
from chalicelib.actions.connection import timeouts as closing
from chalicelib.actions.ports import Remaining
from chalicelib.actions.services import Services
from chalicelib.actions.session import end as ending
from chalicelib.actions.session import grace
from chalicelib.actions.upkeep import reconcile, status, sweep
from chalicelib.domain.types import Millis, SessionId
from chalicelib.errors import UpstreamError

Job = Mapping[str, Any]

_ = work  # imported for the request types that it registers


LAST_TRY = 5
"""Which try of a job is its last: `maxReceiveCount` of the queue (terraform/modules/jobs)."""


def run_job(services: Services, job: Job, remaining: Remaining, tries: int = 1) -> None:
    """Runs one job. An exception leaves it to the queue, which brings it again.

    `tries` counts how often the queue has brought it. Should the last one fail too, whoever waits
    for what the job does is told. (Nobody is if the process itself dies over the last one.)
    """
    try:
        _KINDS[job["kind"]](services, job, remaining)
    except Exception:
        if tries >= LAST_TRY:
            _give_up(services, job)
        raise


def _give_up(services: Services, job: Job) -> None:
    try:
        _GIVEN_UP.get(job["kind"], _nobody_waits)(services, job)
    except UpstreamError as error:
        services.telemetry.error("waitingForNothing", exception=error, kind=job["kind"])


def _remove_user(services: Services, job: Job, remaining: Remaining) -> None:
    # Here, as it is seldom needed, and every function's cold start would pay for it.
    from chalicelib.actions.operator import removal  # noqa: PLC0415

    removal.again(services, job, remaining)


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
    "statusTick": status.tick,
    "runRequest": lambda services, job, _: requests.run(services, job["requestId"]),
    "sweep": sweep.resume,
    "closeDue": closing.close_due,
    "noticeDue": notices.notify_due,
    "removeUser": _remove_user,
    "repairCounts": lambda services, job, _: reconcile.repair(services, job),
}


_GIVEN_UP: dict[str, Callable[[Services, Job], None]] = {
    "fanOut": delivery_jobs.fan_out_given_up,
    "deliver": delivery_jobs.part_given_up,
    "runRequest": lambda services, job: requests.give_up(services, job["requestId"]),
}


def _nobody_waits(_services: Services, _job: Job) -> None:
    """What the other kinds leave undone a schedule or the sessions stream makes up for."""

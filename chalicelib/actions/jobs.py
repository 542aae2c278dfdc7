"""Run the jobs of the queue. Each may be delivered twice, and must change nothing the second time.

A job that fails comes again, until the queue moves it to the dead-letter queue.
"""

from collections.abc import Sequence
from typing import assert_never

from msgspec import DecodeError

from chalicelib.actions.background import deliveries, kinds, run
from chalicelib.actions.connection import first_reply, grace, notices, timeouts
from chalicelib.actions.delivery.deliver import disconnect_gone
from chalicelib.actions.ports import Remaining
from chalicelib.actions.services import Services
from chalicelib.actions.session import dismissal
from chalicelib.actions.upkeep import reconcile, status, sweep
from chalicelib.errors import UpstreamError
from chalicelib.protocol import jobs

_ = kinds  # Imported for the kinds of request that it registers.

MAX_RECEIVES = 5
"""Deliveries until a job is dead: `maxReceiveCount` of both queues (`terraform/modules/jobs`)."""


def run_job(services: Services, job: jobs.Job, remaining: Remaining, receives: int = 1) -> None:
    """Run one job. After an exception the queue delivers it again.

    `receives` counts its deliveries, this one included. If the last one fails too, the client that
    waits for the outcome is told. (It is not if the process itself dies during the last one.)
    """
    try:
        _run(services, job, remaining)
    except Exception:
        if receives >= MAX_RECEIVES:
            _give_up(services, job)
        raise


def run_replies(
    services: Services, bodies: Sequence[str], remaining: Remaining
) -> list[Exception | None]:
    """Send the first replies of a batch together. Return the error of each, None if it has none."""
    errors: list[Exception | None] = [None] * len(bodies)
    decoded = {}
    for index, body in enumerate(bodies):
        try:
            decoded[index] = jobs.decode_first_message(body)
        except DecodeError as error:
            errors[index] = error
    sent = first_reply.send_all(services, list(decoded.values()), remaining)
    for index, outcome in zip(decoded, sent, strict=True):
        errors[index] = outcome
    return errors


def _run(services: Services, job: jobs.Job, remaining: Remaining) -> None:  # noqa: PLR0912, C901
    match job:
        case jobs.FirstReply() | jobs.TellRefusal():
            # Of a version that had one queue; the others are on a queue of their own.
            first_reply.send(services, job, remaining)
        case jobs.EndGrace():
            grace.expire(services, job.session_id, job.deadline, remaining)
        case jobs.FinishEnd():
            dismissal.finish(services, job.session_id, remaining)
        case jobs.FanOut():
            deliveries.find_recipients(services, job)
        case jobs.Deliver():
            deliveries.post_part(services, job, remaining)
        case jobs.DisconnectGone():
            disconnect_gone(services, job.connection_ids, remaining)
        case jobs.PublishStatus():
            status.publish_job(services, job, remaining)
        case jobs.RunRequest():
            run.run(services, job.request_id)
        case jobs.ResumeSweep():
            sweep.sweep(services, remaining, job)
        case jobs.CloseDue():
            timeouts.close_due(services, job, remaining)
        case jobs.NotifyDue():
            notices.notify_due(services, job, remaining)
        case jobs.RemoveUser():
            _remove_user(services, job, remaining)
        case jobs.RepairCounts():
            reconcile.repair(services, job)
        case _:
            assert_never(job)


def _remove_user(services: Services, job: jobs.RemoveUser, remaining: Remaining) -> None:
    # Imported here, as it is seldom needed and every function's cold start would pay for it.
    from chalicelib.actions.operator import removal  # noqa: PLC0415

    removal.repeat(services, job, remaining)


def _give_up(services: Services, job: jobs.Job) -> None:
    """Tell the client that waits for a job. A schedule or the stream makes up for other jobs."""
    try:
        match job:
            case jobs.FanOut():
                deliveries.give_up(services, job)
            case jobs.Deliver():
                deliveries.give_up_part(services, job)
            case jobs.RunRequest():
                run.give_up(services, job.request_id)
            case _:
                pass
    except UpstreamError as error:
        services.telemetry.error(
            "giveUpFailed", exception=error, kind=type(job).__struct_config__.tag
        )

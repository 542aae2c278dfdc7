"""Deliveries in the background: a job that finds the recipients, jobs that post to a part of them.

Any of them may be killed at any point, and runs again then. A part is done when all of it is: what
the time did not suffice for goes on under the part's name, with what was reached so far.
"""

import uuid
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from chalicelib.actions.background import progress, requests
from chalicelib.actions.delivery import deliver as delivery
from chalicelib.actions.delivery.audience import Audience, find, still_there
from chalicelib.actions.ports import FanOutResult, Remaining
from chalicelib.actions.services import Services
from chalicelib.domain.types import ConnectionId

Job = Mapping[str, Any]


def fan_out(services: Services, job: Job, _: Remaining) -> None:
    """Makes a job of each few hundred recipients.

    Run again, it finds and names everything anew: its parts are not those of the first run.
    """
    run = uuid.uuid4().hex[:8]
    sizes: list[int] = []
    services.jobs.send_many(_parts(services, job, run, sizes))
    if job["requestId"] is not None:
        progress.all_found(services, job["requestId"], run, sizes)


def deliver(services: Services, job: Job, remaining: Remaining) -> None:
    """Posts to one part of the recipients."""
    body = delivery.unpack(job["body"])
    held = [ConnectionId(each) for each in job["connectionIds"]]
    ids = still_there(services, Audience.from_job(job["audience"]), held)
    result = delivery.post(services, ((each, body) for each in ids), remaining)
    tally = job["part"] and _add(job["part"]["tally"], result, len(held) - len(ids))
    part = job["part"] and {**job["part"], "tally": tally}
    if result.unsent:
        services.jobs.send({**job, "connectionIds": result.unsent, "part": part})
    elif part:
        progress.part_done(services, part["requestId"], part["name"], part["tally"])
    delivery.clean_up(services, result.gone, remaining)


def part_given_up(services: Services, job: Job) -> None:
    """Nobody tries this part again: its recipients count as unsent, and recover by themselves."""
    part = job["part"]
    if part:
        tally = {**part["tally"], "unsent": len(job["connectionIds"])}
        progress.part_done(services, part["requestId"], part["name"], tally)


def fan_out_given_up(services: Services, job: Job) -> None:
    """Nobody looks for the recipients again."""
    if job["requestId"] is not None:
        requests.give_up(services, job["requestId"])


def clean_up(services: Services, job: Job, remaining: Remaining) -> None:
    """Goes on with connections that were found gone."""
    delivery.clean_up(services, [ConnectionId(each) for each in job["connectionIds"]], remaining)


def _parts(services: Services, job: Job, run: str, sizes: list[int]) -> Iterator[Job]:
    """The jobs of the parts; notes the size of each."""
    found = find(services, Audience.from_job(job["audience"]))
    request_id = job["requestId"]
    while ids := list(islice(found, delivery.CHUNK)):
        part = request_id and {
            "requestId": request_id,
            "name": progress.part_name(run, len(sizes)),
            "tally": {},
        }
        sizes.append(len(ids))
        yield {
            "kind": "deliver",
            "audience": job["audience"],
            "connectionIds": ids,
            "body": job["body"],
            "part": part,
        }


def _add(tally: Mapping[str, int], result: FanOutResult, left: int) -> dict[str, int]:
    """What a part has reached by now; whom a try did not reach at all, none will.

    `left` are those who are somewhere else by now: for this audience they are gone.
    """
    reached = {
        "delivered": result.delivered,
        "gone": len(result.gone) + left,
        "slow": len(result.slow) + len(result.refused),
    }
    return {name: tally.get(name, 0) + count for name, count in reached.items()}

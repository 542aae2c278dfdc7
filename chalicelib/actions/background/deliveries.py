"""The jobs of a delivery in the background: one finds the recipients, others post to a part each.

Any of them may be killed at any point, and runs again then. A part is done when all of it is: what
the time did not suffice for goes on under the part's name, with the outcomes so far.
"""

import uuid
from collections.abc import Iterator
from itertools import islice

from msgspec.structs import asdict, replace

from chalicelib.actions.background import progress, run
from chalicelib.actions.delivery import deliver
from chalicelib.actions.delivery.audience import find, still_there
from chalicelib.actions.ports import FanOutResult, Remaining
from chalicelib.actions.services import Services
from chalicelib.protocol.jobs import Deliver, DeliveryPart, FanOut, Tally


def find_recipients(services: Services, job: FanOut) -> None:
    """Send a job for every few hundred recipients.

    Run again, it finds and names everything anew: its parts are not those of the first run.
    """
    run_name = uuid.uuid4().hex[:8]
    sizes: list[int] = []
    services.jobs.send_many(_parts(services, job, run_name, sizes))
    if job.request_id is not None:
        progress.all_found(services, job.request_id, run_name, sizes)


def post_part(services: Services, job: Deliver, remaining: Remaining) -> None:
    """Post to one part of the recipients."""
    ids = still_there(services, job.audience, job.connection_ids)
    result = deliver.fan_out(services, ((each, job.body) for each in ids), remaining)
    part = _advanced(job.part, result, len(job.connection_ids) - len(ids))
    if result.unsent:
        services.jobs.send(replace(job, connection_ids=result.unsent, part=part))
    elif part is not None:
        progress.part_done(services, part.request_id, part.name, asdict(part.tally))
    deliver.disconnect_gone(services, result.gone, remaining)


def give_up(services: Services, job: FanOut) -> None:
    """Fail the request of a delivery whose recipients no job will find."""
    if job.request_id is not None:
        run.give_up(services, job.request_id)


def give_up_part(services: Services, job: Deliver) -> None:
    """Count the recipients of a part as unsent, as no job will try them again: they recover."""
    if job.part is not None:
        tally = {**asdict(job.part.tally), "unsent": len(job.connection_ids)}
        progress.part_done(services, job.part.request_id, job.part.name, tally)


def _parts(services: Services, job: FanOut, run_name: str, sizes: list[int]) -> Iterator[Deliver]:
    """Yield the jobs of the parts, and append the size of each to `sizes`."""
    found = find(services, job.audience)
    while ids := list(islice(found, deliver.CHUNK)):
        part = None
        if job.request_id is not None:
            name = progress.part_name(run_name, len(sizes))
            part = DeliveryPart(request_id=job.request_id, name=name, tally=Tally())
        sizes.append(len(ids))
        yield Deliver(audience=job.audience, connection_ids=ids, body=job.body, part=part)


def _advanced(part: DeliveryPart | None, result: FanOutResult, left: int) -> DeliveryPart | None:
    """Return a part with the outcomes of one more try added.

    `left` connections have meanwhile left the audience: for it they are gone. Refused ones count
    as slow, as no try will reach them.
    """
    if part is None:
        return None
    tally = Tally(
        delivered=part.tally.delivered + result.delivered,
        gone=part.tally.gone + len(result.gone) + left,
        slow=part.tally.slow + len(result.slow) + len(result.refused),
    )
    return replace(part, tally=tally)

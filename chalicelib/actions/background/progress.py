"""The progress of a delivery in the background, which its speaker sees as a request.

Its parts are counted by name, so that one that is delivered twice counts once; and by run, so that
a job that had to find the recipients again does not mix its parts with those of the first run.
"""

import uuid
from collections.abc import Mapping, Sequence

from chalicelib.actions.background.run import complete, settle, tell_progress
from chalicelib.actions.services import Services
from chalicelib.domain.session import Session
from chalicelib.errors import UpstreamError
from chalicelib.stores.requests import BackgroundRequest

DELIVERY = "deliverBroadcast"
"""The kind of this request."""


def begin(services: Services, session: Session, expected: int) -> str | None:
    """Create the request. Return its id, None if it cannot be kept: then there is no progress."""
    request = BackgroundRequest(
        request_id=uuid.uuid4().hex,
        connection_id=session.speaker_connection_id,
        session_id=session.session_id,
        tenant_id=session.tenant_id,
        request=DELIVERY,
        created_at=services.clock(),
        expires_at=session.expires_at,
        expected=expected,
    )
    try:
        services.requests.put(request)
    except UpstreamError as error:
        services.telemetry.error("deliveryUnwatched", exception=error)
        return None
    return request.request_id


def part_name(run: str, number: int) -> str:
    return f"{run}-{number}"


def part_done(services: Services, request_id: str, name: str, tally: Mapping[str, int]) -> None:
    """Note that all recipients of a part have been tried; `tally` counts them by outcome."""
    _advanced(services, request_id, services.requests.add_part(request_id, name, tally))


def all_found(services: Services, request_id: str, run: str, sizes: Sequence[int]) -> None:
    """Note that all recipients are in jobs; `sizes` are the numbers of recipients of the parts."""
    _advanced(
        services, request_id, services.requests.set_parts(request_id, run, len(sizes), sum(sizes))
    )


def _advanced(services: Services, request_id: str, request: BackgroundRequest | None) -> None:
    """Complete the request with its last part; tell the progress with any other."""
    if request is None:
        # It is over. If its client has not been told, it is told now.
        settle(services, request_id)
    elif request.parts_are_done:
        complete(services, request, request.reached)
    else:
        done = sum(request.reached.values())
        percentage = min(99, done * 100 // max(1, request.found or request.expected))
        tell_progress(services, request, percentage)

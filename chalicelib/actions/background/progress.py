"""How far a delivery in the background is, as the speaker sees it: a request like any other.

Its parts are counted by name, so that one that is delivered twice counts once; and by run, so that
a job that had to find the recipients again does not mix its parts with those of the first time.
"""

import uuid
from collections.abc import Mapping, Sequence

from chalicelib.actions.background import requests
from chalicelib.actions.services import Services
from chalicelib.domain.session import Session
from chalicelib.errors import UpstreamError
from chalicelib.stores.requests import BackgroundRequest

DELIVERY = "deliverBroadcast"
"""The name of this kind of request."""


def begin(services: Services, session: Session, expected: int) -> str | None:
    """A request of the session's speaker; None if it cannot be kept: then nobody sees it go on."""
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
    """Everybody in a part has been tried."""
    _advanced(services, request_id, services.requests.add_part(request_id, name, tally))


def all_found(services: Services, request_id: str, run: str, sizes: Sequence[int]) -> None:
    """All recipients are in jobs; `sizes` are those of the parts."""
    _advanced(
        services, request_id, services.requests.set_parts(request_id, run, len(sizes), sum(sizes))
    )


def _advanced(services: Services, request_id: str, request: BackgroundRequest | None) -> None:
    """Whoever adds the last part completes the request; the others tell how far it is."""
    if request is None:
        # It is over, or was: should its client not have been told, a repeat makes up for it.
        requests.settle(services, request_id)
    elif request.parts_are_done:
        requests.complete(services, request, request.reached)
    else:
        done = sum(request.reached.values())
        percentage = min(99, done * 100 // max(1, request.found or request.expected))
        requests.tell_progress(services, request, percentage)

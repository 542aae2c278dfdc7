"""submitRequest and cancelRequest."""

import json
import uuid

from chalicelib.actions.background.run import KINDS
from chalicelib.actions.registry import action
from chalicelib.actions.services import Call, Services
from chalicelib.actions.session import limits
from chalicelib.actions.session.lookup import active_session
from chalicelib.errors import Code, NotFound, UpstreamError
from chalicelib.protocol import messages
from chalicelib.protocol.jobs import RunRequest
from chalicelib.protocol.requests import CancelRequest, SubmitRequest
from chalicelib.stores.requests import BackgroundRequest, Status

_UNKNOWN_SECONDS = 1
"""The delay of a request of an unknown kind, in which its client can cancel it."""


@action(SubmitRequest)
def submit(services: Services, call: Call, request: SubmitRequest) -> messages.RequestAccepted:
    """Submit a request to the background. Raises NotFound: the session ended. RateLimited.

    An unknown kind is accepted as well: the function that runs it may be of a newer version. If it
    is not, the request fails.
    """
    session = active_session(services, call.require_session())
    limits.limit_controls(services, call.connection_id)
    background = BackgroundRequest(
        request_id=uuid.uuid4().hex,
        connection_id=call.connection_id,
        session_id=session.session_id,
        tenant_id=session.tenant_id,
        request=request.request,
        created_at=services.clock(),
        expires_at=session.expires_at,
        params=json.dumps(request.params),
    )
    services.requests.put(background)
    _enqueue(services, background)
    return messages.RequestAccepted(
        timestamp=services.clock(),
        request_id=background.request_id,
        request=background.request,
        status=background.status.value,
    )


def _enqueue(services: Services, request: BackgroundRequest) -> None:
    """Send the job. If that fails, cancel the request, as nothing would ever run it."""
    delay = 0 if request.request in KINDS else _UNKNOWN_SECONDS
    try:
        services.jobs.send(RunRequest(request_id=request.request_id), delay)
    except UpstreamError:
        services.requests.finish(request.request_id, Status.CANCELLED)
        raise


@action(CancelRequest)
def cancel(services: Services, call: Call, request: CancelRequest) -> messages.RequestCancelled:
    """Cancel a request. Raises NotFound: it is not this connection's, or it is over."""
    background = services.requests.get(request.request_id)
    is_own = background is not None and background.connection_id == call.connection_id
    if not is_own or services.requests.finish(request.request_id, Status.CANCELLED) is None:
        raise NotFound(Code.REQUEST_NOT_FOUND, "this connection has no such running request")
    return messages.RequestCancelled(timestamp=services.clock(), request_id=request.request_id)

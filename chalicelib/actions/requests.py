"""Work in the background: submitRequest, cancelRequest, and the job that runs them.

A new kind of request is one function with `@request_type`, in a file that `work` imports.
"""

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.actions import delivery
from chalicelib.actions.services import Call, Services
from chalicelib.actions.sessions import active_session
from chalicelib.domain.types import Millis
from chalicelib.errors import BadRequest, ClientError, Code, NotFound
from chalicelib.protocol import messages
from chalicelib.protocol.messages import Message
from chalicelib.protocol.requests import CancelRequest, SubmitRequest
from chalicelib.stores.requests import BackgroundRequest, Status

_PROGRESS_MILLIS = 100
"""At most ten progress messages a second."""


class Cancelled(Exception):  # noqa: N818 - not an error: the client wanted it
    """Raised inside a request's work once it has been cancelled."""


@dataclass
class Progress:
    """What a request's work tells its client with: call it with a percentage now and then."""

    services: Services
    request: BackgroundRequest
    last_at: Millis = field(default=Millis(0))

    def __call__(self, percentage: int) -> None:
        """Raises Cancelled when there is nobody to work for any more."""
        now = self.services.clock()
        if now - self.last_at < _PROGRESS_MILLIS:
            return
        self.last_at = now
        current = self.services.requests.progress(self.request.request_id, percentage)
        if current is None:
            raise Cancelled
        self.request = current
        tell_progress(self.services, current, percentage)


Work = Callable[[Services, BackgroundRequest, Mapping[str, Any], Progress], Any]
"""Does what a request asks for, with its `params`; answers the result, as JSON can hold it."""

_registry: dict[str, Work] = {}


def request_type(name: str) -> Callable[[Work], Work]:
    """Registers a function as what `submitRequest` runs for `name`."""

    def register(work: Work) -> Work:
        _registry[name] = work
        return work

    return register


def submit(services: Services, call: Call, request: SubmitRequest) -> messages.RequestAccepted:
    """Raises BadRequest: there is no such type. NotFound: the session ended."""
    session = active_session(services, call.require_session())
    if request.request not in _registry:
        problem = f"must be one of {', '.join(sorted(_registry))}"
        raise BadRequest(
            Code.INVALID_MESSAGE, f"request: {problem}", details=[("request", problem)]
        )
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
    services.jobs.send({"kind": "runRequest", "requestId": background.request_id})
    return messages.RequestAccepted(
        timestamp=services.clock(),
        request_id=background.request_id,
        request=background.request,
        status=background.status.value,
    )


def cancel(services: Services, call: Call, request: CancelRequest) -> messages.RequestCancelled:
    """Raises NotFound: it is not this connection's request, or it is over."""
    background = services.requests.get(request.request_id)
    mine = background is not None and background.connection_id == call.connection_id
    if not mine or not services.requests.finish(request.request_id, Status.CANCELLED):
        raise NotFound(Code.REQUEST_NOT_FOUND, "this connection has no such running request")
    return messages.RequestCancelled(timestamp=services.clock(), request_id=request.request_id)


def run(services: Services, request_id: str) -> None:
    """Runs a submitted request; one that is over already, or gone, is left alone."""
    request = services.requests.get(request_id)
    if request is None or request.is_over:
        return
    work = _registry[request.request]
    progress = Progress(services, request)
    try:
        result = work(services, request, json.loads(request.params), progress)
    except Cancelled:
        return
    except ClientError as error:
        fail(services, progress.request, error)
    else:
        complete(services, progress.request, result)


def complete(services: Services, request: BackgroundRequest, result: Any) -> None:
    """Tells the client the result, once."""
    if services.requests.finish(request.request_id, Status.COMPLETED, json.dumps(result)):
        _tell(
            services,
            request,
            messages.RequestCompleted(
                timestamp=services.clock(), request_id=request.request_id, result=result
            ),
        )


def fail(services: Services, request: BackgroundRequest, error: ClientError) -> None:
    """Tells the client why not, once."""
    if services.requests.finish(request.request_id, Status.FAILED, error.code.value):
        _tell(
            services,
            request,
            messages.RequestFailed(
                timestamp=services.clock(),
                request_id=request.request_id,
                code=error.code.value,
                message=error.message,
            ),
        )


def tell_progress(services: Services, request: BackgroundRequest, percentage: int) -> None:
    _tell(
        services,
        request,
        messages.RequestProgress(
            timestamp=services.clock(), request_id=request.request_id, percentage=percentage
        ),
    )


def _tell(services: Services, request: BackgroundRequest, message: Message) -> None:
    delivery.to_one(services, request.connection_id, message)

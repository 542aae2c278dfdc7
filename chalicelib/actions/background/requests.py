"""Work in the background: submitRequest, cancelRequest, and the job that runs them.

A new kind of request is one function with `@request_type`, in a file that `work` imports.
"""

import json
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from chalicelib.actions.delivery import deliver as delivery
from chalicelib.actions.registry import action
from chalicelib.actions.services import Call, Services
from chalicelib.actions.session import limits
from chalicelib.actions.session.sessions import active_session
from chalicelib.errors import (
    BadRequest,
    ClientError,
    Code,
    NotFound,
    PayloadTooLarge,
    UpstreamError,
)
from chalicelib.protocol import messages
from chalicelib.protocol.jobs import RunRequest
from chalicelib.protocol.messages import Message
from chalicelib.protocol.requests import MESSAGE_BYTES, CancelRequest, SubmitRequest
from chalicelib.stores.requests import BackgroundRequest, Status

_PROGRESS_MILLIS = 100
"""At most ten progress messages a second."""
_UNKNOWN_SECONDS = 1
"""How long a request of an unknown kind waits, for its client to take it back."""
_RESULT_BYTES = MESSAGE_BYTES - 512
"""What is left for a result beside the fields of its message."""


class Cancelled(Exception):  # noqa: N818 - not an error: the client wanted it
    """Raised inside a request's work once it has been cancelled."""


class Progress(Struct):
    """What a request's work tells its client with: call it with a percentage now and then."""

    services: Services
    request: BackgroundRequest

    def __call__(self, percentage: int) -> None:
        """Raises Cancelled when there is nobody to work for any more."""
        if not _is_due(self.services, self.request):
            return
        told = tell_progress(self.services, self.request, percentage)
        current = told or self.services.requests.get(self.request.request_id)
        if current is None or current.is_over:
            raise Cancelled
        self.request = current


Work = Callable[[Services, BackgroundRequest, Mapping[str, Any], Progress], Any]
"""Does what a request asks for, with its `params`; answers the result, as JSON can hold it."""

registry: dict[str, Work] = {}
"""Every kind of request by the name that clients use."""


def request_type(name: str) -> Callable[[Work], Work]:
    """Registers a function as what `submitRequest` runs for `name`."""

    def register(work: Work) -> Work:
        registry[name] = work
        return work

    return register


@action(SubmitRequest)
def submit(services: Services, call: Call, request: SubmitRequest) -> messages.RequestAccepted:
    """Raises NotFound: the session ended. RateLimited.

    A kind that nobody here knows is accepted as well: what runs it may be newer than this. Should
    it not be, the request fails.
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
    """An error leaves nothing behind that would never be run."""
    delay = 0 if request.request in registry else _UNKNOWN_SECONDS
    try:
        services.jobs.send(RunRequest(request_id=request.request_id), delay)
    except UpstreamError:
        services.requests.finish(request.request_id, Status.CANCELLED)
        raise


@action(CancelRequest)
def cancel(services: Services, call: Call, request: CancelRequest) -> messages.RequestCancelled:
    """Raises NotFound: it is not this connection's request, or it is over."""
    background = services.requests.get(request.request_id)
    mine = background is not None and background.connection_id == call.connection_id
    if not mine or services.requests.finish(request.request_id, Status.CANCELLED) is None:
        raise NotFound(Code.REQUEST_NOT_FOUND, "this connection has no such running request")
    return messages.RequestCancelled(timestamp=services.clock(), request_id=request.request_id)


def run(services: Services, request_id: str) -> None:
    """Runs a submitted request, unless it is over.

    Raises UpstreamError: the queue brings it again.
    """
    request = services.requests.get(request_id)
    if request is None or request.is_over:
        settle(services, request_id)
        return
    progress = Progress(services, request)
    try:
        work = _work(request.request)
        result = work(services, request, json.loads(request.params), progress)
        complete(services, progress.request, result)
    except Cancelled:
        return
    except ClientError as error:
        _fail(services, progress.request, error)
    except UpstreamError:
        raise
    except Exception as error:  # a bug in the work: again, it would do the same
        services.telemetry.error("requestFailed", exception=error, request=request.request)
        _fail(services, progress.request, ClientError(Code.INTERNAL_ERROR, "something went wrong"))


def give_up(services: Services, request_id: str) -> None:
    """The queue will not bring the job of a request again: its client need not wait for it."""
    request = services.requests.get(request_id)
    if request is not None:
        _fail(services, request, ClientError(Code.SERVICE_UNAVAILABLE, "it failed too often"))


def _work(kind: str) -> Work:
    """Raises BadRequest: there is no such kind."""
    if kind not in registry:
        known = ", ".join(sorted(registry))
        raise BadRequest(Code.INVALID_MESSAGE, f"there is no request {kind!r}, only {known}")
    return registry[kind]


def complete(services: Services, request: BackgroundRequest, result: Any) -> None:
    """Tells the client the result.

    Raises PayloadTooLarge: no message can hold it.
    """
    text = json.dumps(result)
    if len(text) > _RESULT_BYTES:
        raise PayloadTooLarge(Code.PAYLOAD_TOO_LARGE, "the result does not fit in a message")
    _finish(services, request, Status.COMPLETED, text)


def settle(services: Services, request_id: str) -> None:
    """Tells a client how its request ended, if that was not done when it ended."""
    request = services.requests.get(request_id)
    if request is not None and request.is_over and not request.outcome_told:
        _tell_outcome(services, request)


def tell_progress(
    services: Services, request: BackgroundRequest, percentage: int
) -> BackgroundRequest | None:
    """At most ten times a second, whoever tells; answers the request if this did."""
    if not _is_due(services, request):
        return None
    now = services.clock()
    claimed = services.requests.claim_progress(request, percentage, now)
    if claimed is not None:
        message = messages.RequestProgress(
            timestamp=now, request_id=request.request_id, percentage=percentage
        )
        delivery.to_one(services, claimed.connection_id, message)
    return claimed


def _is_due(services: Services, request: BackgroundRequest) -> bool:
    return services.clock() - request.told_at >= _PROGRESS_MILLIS


def _fail(services: Services, request: BackgroundRequest, error: ClientError) -> None:
    reason = {"code": error.code.value, "message": error.message}
    _finish(services, request, Status.FAILED, json.dumps(reason))


def _finish(services: Services, request: BackgroundRequest, status: Status, result: str) -> None:
    finished = services.requests.finish(request.request_id, status, result)
    if finished is None:
        settle(services, request.request_id)
    else:
        _tell_outcome(services, finished)


def _tell_outcome(services: Services, request: BackgroundRequest) -> None:
    """Noted afterwards: killed in between, the job that comes again tells it again."""
    now, request_id = services.clock(), request.request_id
    result = json.loads(request.result or "null")
    message: Message
    if request.status is Status.COMPLETED:
        message = messages.RequestCompleted(timestamp=now, request_id=request_id, result=result)
    elif request.status is Status.FAILED:
        message = messages.RequestFailed(
            timestamp=now, request_id=request_id, code=result["code"], message=result["message"]
        )
    else:
        return  # The client, or its going, has cancelled it: nobody waits.
    delivery.to_one(services, request.connection_id, message)
    services.requests.note_outcome_told(request_id)

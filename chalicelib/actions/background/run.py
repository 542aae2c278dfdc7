"""Run submitted requests, and report their progress and outcome to the clients.

A new kind of request is one function with `@request_type`, in `kinds.py`.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from chalicelib.actions.delivery import deliver
from chalicelib.actions.services import Services
from chalicelib.errors import BadRequest, ClientError, Code, PayloadTooLarge, UpstreamError
from chalicelib.protocol import messages
from chalicelib.protocol.requests import MESSAGE_BYTES
from chalicelib.stores.requests import BackgroundRequest, Status

_PROGRESS_MILLIS = 100
"""The least time between two progress messages."""
_RESULT_BYTES = MESSAGE_BYTES - 512
"""The most that a result can take beside the fields of its message."""


class Cancelled(Exception):  # noqa: N818 - not an error: the client wanted it
    """Raised inside the work of a request that has been cancelled."""


class Progress(Struct):
    """Reports progress to the client of a request. Work calls it with a percentage, often."""

    services: Services
    request: BackgroundRequest

    def __call__(self, percentage: int) -> None:
        """Report the progress, if a report is due.

        Raises Cancelled: the request has been cancelled, or is gone.
        """
        if not _is_progress_due(self.services, self.request):
            return
        told = tell_progress(self.services, self.request, percentage)
        current = told or self.services.requests.get(self.request.request_id)
        if current is None or current.is_over:
            raise Cancelled
        self.request = current


Work = Callable[[Services, BackgroundRequest, Mapping[str, Any], Progress], Any]
"""Does the work of a request, by its `params`. Returns the result, which must fit into JSON."""

KINDS: dict[str, Work] = {}
"""Every kind of request, by the name that clients use."""


def request_type(name: str) -> Callable[[Work], Work]:
    """Register a function as the work of the requests called `name`."""

    def register(work: Work) -> Work:
        KINDS[name] = work
        return work

    return register


def run(services: Services, request_id: str) -> None:
    """Run a submitted request. If it is over, only send an outcome that was not sent yet.

    Raises UpstreamError: the queue delivers the job again.
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
    except Exception as error:  # a bug in the work: a retry would fail the same way
        services.telemetry.error("requestFailed", exception=error, request=request.request)
        _fail(services, progress.request, ClientError(Code.INTERNAL_ERROR, "something went wrong"))


def give_up(services: Services, request_id: str) -> None:
    """Fail a request whose job the queue will not deliver again."""
    request = services.requests.get(request_id)
    if request is not None:
        _fail(services, request, ClientError(Code.SERVICE_UNAVAILABLE, "it failed too often"))


def _work(kind: str) -> Work:
    """Return the work of a kind of request. Raises BadRequest: there is no such kind."""
    if kind not in KINDS:
        known = ", ".join(sorted(KINDS))
        raise BadRequest(Code.INVALID_MESSAGE, f"there is no request {kind!r}, only {known}")
    return KINDS[kind]


def complete(services: Services, request: BackgroundRequest, result: Any) -> None:
    """Complete a request, and send its client the result.

    Raises PayloadTooLarge: no message can hold it.
    """
    text = json.dumps(result)
    if len(text) > _RESULT_BYTES:
        raise PayloadTooLarge(Code.PAYLOAD_TOO_LARGE, "the result does not fit in a message")
    _finish(services, request, Status.COMPLETED, text)


def settle(services: Services, request_id: str) -> None:
    """Send the outcome of a request that is over, unless its client already has it."""
    request = services.requests.get(request_id)
    if request is not None and request.is_over and not request.outcome_told:
        _tell_outcome(services, request)


def tell_progress(
    services: Services, request: BackgroundRequest, percentage: int
) -> BackgroundRequest | None:
    """Send the progress, at most ten times a second over all callers.

    Return the updated request, or None if this call sent nothing.
    """
    if not _is_progress_due(services, request):
        return None
    now = services.clock()
    claimed = services.requests.claim_progress(request, percentage, now)
    if claimed is not None:
        message = messages.RequestProgress(
            timestamp=now, request_id=request.request_id, percentage=percentage
        )
        deliver.to_one(services, claimed.connection_id, message)
    return claimed


def _is_progress_due(services: Services, request: BackgroundRequest) -> bool:
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
    """Post the outcome, then record that; after a crash in between it is posted again."""
    now, request_id = services.clock(), request.request_id
    result = json.loads(request.result or "null")
    message: messages.Message
    if request.status is Status.COMPLETED:
        message = messages.RequestCompleted(timestamp=now, request_id=request_id, result=result)
    elif request.status is Status.FAILED:
        message = messages.RequestFailed(
            timestamp=now, request_id=request_id, code=result["code"], message=result["message"]
        )
    else:
        return  # Cancelled, by the client or because it left: nobody waits for an outcome.
    deliver.to_one(services, request.connection_id, message)
    services.requests.note_outcome_told(request_id)

"""The interface of the two wires, boto3 and lean. Everything above it is common to both."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn, Protocol

from chalicelib.aws.refusals import Refusal
from chalicelib.domain.posts import FanOutResult
from chalicelib.domain.types import ConnectionId

Begun = Callable[[], dict[str, Any]]
"""Waits for the response to a request that is on its way. Call it once; it raises Refusal."""
Posts = Iterable[tuple[ConnectionId, bytes]]


class ServiceCall(Protocol):
    """One try of one operation of a JSON service."""

    def __call__(self, operation: str, request: Mapping[str, Any], /) -> dict[str, Any]:
        """Return the response to `call("GetItem", request)`.

        Raises Refusal unless it is a success.
        """
        ...

    def begin(self, operation: str, request: Mapping[str, Any], /) -> Begun:
        """Send a request without waiting for its response: others can be on their way meanwhile.

        A wire that cannot do so carries out the call at once. Nothing is raised here.
        """
        ...

    def warm(self) -> None:
        """Make the client and the connection that the first call will need. Raises nothing."""
        ...


class Connections(Protocol):
    """One try of each request to `@connections`. Raises Refusal unless it is a success."""

    def post(self, connection_id: ConnectionId, data: bytes) -> None: ...

    def close(self, connection_id: ConnectionId) -> None: ...

    def fan_out(self, posts: Posts, remaining: Callable[[], float]) -> FanOutResult:
        """Do what `Management.fan_out` does, retries included."""
        ...


def raise_refusal(refusal: Refusal) -> NoReturn:
    raise refusal


def done_at_once(call: Callable[[], dict[str, Any]]) -> Begun:
    """Carry out a call, and return its outcome as one that is on its way."""
    try:
        response = call()
    except Refusal as refusal:
        refused = refusal  # the name of the exception is unbound once it is handled
        return lambda: raise_refusal(refused)
    return lambda: response

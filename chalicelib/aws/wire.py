"""The interface of the two wires, boto3 and lean. Everything above it is common to both."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from chalicelib.domain.posts import FanOutResult
from chalicelib.domain.types import ConnectionId

Posts = Iterable[tuple[ConnectionId, bytes]]


class ServiceCall(Protocol):
    """One try of one operation of a JSON service."""

    def __call__(self, operation: str, request: Mapping[str, Any], /) -> dict[str, Any]:
        """Return the response to `call("GetItem", request)`.

        Raises Refusal unless it is a success.
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

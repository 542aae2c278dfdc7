"""What each of the two wires (boto3, lean) offers; everything above it is common to both."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from chalicelib.domain.posts import FanOutResult
from chalicelib.domain.types import ConnectionId

Posts = Iterable[tuple[ConnectionId, bytes]]


class Call(Protocol):
    """One try of one operation of a JSON service."""

    def __call__(self, operation: str, request: Mapping[str, Any], /) -> dict[str, Any]:
        """`call("GetItem", request) -> answer`. Raises `Refusal` for whatever is no success."""
        ...

    def warm(self) -> None:
        """Does now what the first call would have to: a client, a connection. Raises nothing."""
        ...


class Connections(Protocol):
    """One try of each request to `@connections`; raises `Refusal` likewise."""

    def post(self, connection_id: ConnectionId, data: bytes) -> None: ...

    def close(self, connection_id: ConnectionId) -> None: ...

    def fan_out(self, posts: Posts, remaining: Callable[[], float]) -> FanOutResult:
        """As `Management.fan_out`, with its retries."""
        ...

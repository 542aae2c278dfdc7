"""The WebSocket management API behind the port of the actions.

Described in the API Gateway Developer Guide, "Use @connections commands in your backend service".
"""

from collections.abc import Callable

from chalicelib.aws.calls import Connections, Posts
from chalicelib.aws.dispatch import TRIES
from chalicelib.aws.retry import Policy, Retries
from chalicelib.domain.posts import FanOutResult
from chalicelib.domain.types import ConnectionId

POLICY = Policy(tries=TRIES, base=0.1, seconds=6.0)


class RetryingManagement:
    """`chalicelib.actions.ports.Management` over one of the wires. Thread-safe."""

    def __init__(self, connections: Connections, retries: Retries | None = None) -> None:
        self._connections = connections
        self._retries = retries or Retries(POLICY)

    def post(self, connection_id: ConnectionId, data: bytes) -> None:
        self._retries.run(lambda: self._connections.post(connection_id, data))

    def close(self, connection_id: ConnectionId) -> None:
        self._retries.run(lambda: self._connections.close(connection_id))

    def fan_out(self, posts: Posts, remaining: Callable[[], float]) -> FanOutResult:
        return self._connections.fan_out(posts, remaining)

"""The WebSocket management API behind the port of the actions.

Described in the API Gateway Developer Guide, "Use @connections commands in your backend service".
"""

from collections.abc import Callable

from chalicelib.aws.fanout.scheduler import TRIES
from chalicelib.aws.refusals import Refusal
from chalicelib.aws.retry import Policy, Retries
from chalicelib.aws.wire import Connections, Posts
from chalicelib.domain.posts import FanOutResult
from chalicelib.domain.types import ConnectionId
from chalicelib.errors import Gone, RequestRejected

_NOBODY = ConnectionId("AAAAAAAAAAAAAAA=")
"""A well-formed id that no connection has."""
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

    def reach(self) -> None:
        """Post to a connection that does not exist; its refusal shows that the API responds."""
        try:
            self.post(_NOBODY, b"{}")
        except Gone:
            return
        except RequestRejected as error:
            refusal = error.__cause__
            if not isinstance(refusal, Refusal) or refusal.status != 400:
                raise

    def fan_out(self, posts: Posts, remaining: Callable[[], float]) -> FanOutResult:
        return self._connections.fan_out(posts, remaining)

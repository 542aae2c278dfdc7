"""The lean wire's parts without settings: names that a test makes up, and bare requests."""

import socket
from typing import Any

from chalicelib.aws.fanout.run import ConnectionPool, FanOut, Limits
from chalicelib.aws.fanout.scheduler import PostScheduler, SlowConnections
from chalicelib.aws.http.endpoints import Address, Endpoint
from chalicelib.domain.posts import FanOutResult
from chalicelib.domain.types import ConnectionId, Millis

REQUEST = b"POST / HTTP/1.1\r\ncontent-length: 0\r\n\r\n"


class Names:
    """A name service that gives these ports of 127.0.0.1 as addresses."""

    def __init__(self, *ports: int) -> None:
        self.ports = ports
        self.asked = 0

    def __call__(self, *_: Any, **__: Any) -> list[Address]:
        self.asked += 1
        tcp = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
        return [(*tcp, ("127.0.0.1", port)) for port in self.ports]


def posts(count: int) -> list[tuple[ConnectionId, bytes]]:
    """Return posts to `c0`, `c1`, …"""
    return [(ConnectionId(f"c{number}"), b"{}") for number in range(count)]


def fan_out(
    endpoint: Endpoint, count: int, post_seconds: float = 5, pool: ConnectionPool | None = None
) -> FanOutResult:
    """Send `REQUEST` for each of `count` posts, over at most eight connections."""
    scheduler = PostScheduler(posts(count), lambda: 60.0, SlowConnections(lambda: Millis(0)))
    limits = Limits(8, post_seconds)
    run = FanOut(scheduler, endpoint, lambda _: REQUEST, lambda *_: False, limits)
    return run.run(pool or ConnectionPool(8))

"""What a session can be told, and the waiting it does between attempts."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from lectern_client.errors import LecternError
from lectern_client.sockets import Connect, open_socket

Token = str | Callable[[], str | Awaitable[str]]


class Timer(Protocol):
    def cancel(self) -> None: ...


class Timers(Protocol):
    """Where the time comes from; an asyncio event loop is one."""

    def call_later(self, delay: float, callback: Callable[[], object], /) -> Timer: ...


@dataclass(frozen=True, kw_only=True)
class Options:
    """Settings of a connection. Durations are in seconds."""

    token: Token | None = None
    """A JWT, or what supplies one: asked before every connection and when one expires."""
    connect_timeout: float = 10
    request_timeout: float = 15
    """Until a reply is there; then the socket counts as dead."""
    drain_timeout: float = 30
    """A replaced socket's time to deliver what it owes."""
    reorder_window: float = 0.25
    """How long a hole may take to close by itself."""
    backoff_base: float = 0.5
    backoff_cap: float = 20
    connect_attempts: int = 5
    """Before the first connection is given up."""
    reconnect_attempts: float = float("inf")
    """Before a lost connection is given up."""
    broadcast_attempts: int = 5
    max_in_flight: int = 16
    """Broadcasts in the air, of all streams."""
    max_queued: int = 1024
    """Broadcasts that are not accepted yet; more are refused."""
    max_unread: int = 10_000
    """Broadcasts that wait for whoever iterates; then the oldest are dropped, as a gap."""
    connect: Connect = open_socket
    timers: Timers | None = None
    random: Callable[[], float] = random.random


def backoff(options: Options, attempt: int, error: LecternError | None) -> float:
    """Seconds to wait: full jitter under a cap, and never less than the stack asked for."""
    # The exponent stops where any cap is reached, since a float does not hold 2 ** 1024.
    ceiling: float = min(options.backoff_cap, options.backoff_base * 2 ** min(attempt, 30))
    asked = error.retry_after if error and error.retry_after else 0
    return asked + options.random() * ceiling

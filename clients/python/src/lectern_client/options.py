"""Settings of a session, and what is derived from them: tokens and backoff."""

import inspect
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
    """A source of timers, such as an asyncio event loop."""

    def call_later(self, delay: float, callback: Callable[[], object], /) -> Timer: ...


@dataclass(frozen=True, kw_only=True)
class Options:
    """Settings of a session. Durations are in seconds."""

    token: Token | None = None
    """A JWT, or a function that supplies one for every connection, and when one expires."""
    connect_timeout: float = 10
    request_timeout: float = 15
    """Time for a reply; after it the connection counts as dead."""
    drain_timeout: float = 30
    """Time for a replaced connection to deliver its outstanding replies."""
    reorder_window: float = 0.25
    """Time for a missing broadcast to arrive by itself, before the client asks for it."""
    backoff_base: float = 0.5
    backoff_cap: float = 20
    connect_attempts: int = 5
    """Attempts to connect for the first time."""
    reconnect_attempts: float = float("inf")
    """Attempts to replace a lost connection."""
    broadcast_attempts: int = 5
    """Attempts to send one broadcast."""
    max_in_flight: int = 16
    """Broadcasts in flight, of all streams together."""
    max_queued: int = 1024
    """Broadcasts that the stack has not accepted yet; more are refused."""
    max_unread: int = 10_000
    """Broadcasts waiting for an iterator; above it the oldest are dropped, as gaps."""
    connect: Connect = open_socket
    timers: Timers | None = None
    random: Callable[[], float] = random.random


async def fetch_token(source: Token | None) -> str | None:
    """Return the token to connect with; None to connect without one.

    Raises:
        LecternError: TOKEN_UNAVAILABLE if the function that supplies it fails.
    """
    if not callable(source):
        return source
    try:
        token = source()
        return await token if inspect.isawaitable(token) else token
    except Exception as error:
        raise LecternError("TOKEN_UNAVAILABLE", str(error)) from error


def backoff(options: Options, attempt: int, error: LecternError | None) -> float:
    """Return the seconds to wait: full jitter under a cap, on top of `retry_after`."""
    # The exponent is limited well above any cap: a float cannot hold 2 ** 1024.
    ceiling: float = min(options.backoff_cap, options.backoff_base * 2 ** min(attempt, 30))
    requested = error.retry_after if error and error.retry_after else 0
    return requested + options.random() * ceiling

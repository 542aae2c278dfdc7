"""The integrations of a WebSocket API: what runs for an event on a route."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from sandbox.functions.functions import Event
from sandbox.gateway.events import Handshake
from sandbox.gateway.outcomes import Failure, Outcome


@dataclass(frozen=True)
class Call:
    """One event on its way: its route, the handshake of its socket, its content."""

    route: str
    handshake: Handshake
    event: Callable[[], Event]
    """Returns the event, always the same one; its time is that of the first call."""
    begun: float = field(default_factory=time.monotonic)


Run = Callable[[Event], Any]
"""Runs a handler and returns its result. Raises FunctionError."""


class Integrations(Protocol):
    """The integrations of one or more APIs. Methods are called on the gateway's loop."""

    def select(self, handshake: Handshake, text: str) -> str:
        """Return the key of the route that a message takes."""
        ...

    def find(self, call: Call, failure: Failure) -> Run | Outcome:
        """Return what to run, or the outcome where nothing runs; `failure` makes errors."""
        ...

    def replies(self, call: Call) -> bool:
        """Return True if the body that a message's handler returns goes to the client."""
        ...

    def done(self, call: Call, outcome: Outcome) -> None:
        """Take the outcome of a call, for logs and metrics."""
        ...

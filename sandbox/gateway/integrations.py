"""What stands behind the routes of a WebSocket API."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from sandbox.functions.functions import Event
from sandbox.gateway.events import Handshake
from sandbox.gateway.outcomes import Failure, Outcome


@dataclass(frozen=True)
class Call:
    """One event on its way: the route that it takes, whose socket it is, what is sent."""

    route: str
    handshake: Handshake
    event: Callable[[], Event]
    """Always the same event, with the time at which it was first asked for."""
    begun: float = field(default_factory=time.monotonic)


Run = Callable[[Event], Any]
"""Runs a handler and answers what it returned. Raises FunctionError."""


class Integrations(Protocol):
    """Called on the gateway's loop."""

    def select(self, handshake: Handshake, text: str) -> str:
        """The key of the route that a message takes."""
        ...

    def find(self, call: Call, failure: Failure) -> Run | Outcome:
        """What runs, or the answer where nothing does, in the words of `failure`."""
        ...

    def replies(self, call: Call) -> bool:
        """Whether what the handler of a message returns goes to the client."""
        ...

    def done(self, call: Call, outcome: Outcome) -> None:
        """It is over."""
        ...

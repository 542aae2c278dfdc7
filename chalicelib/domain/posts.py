"""What a fan-out answers."""

from msgspec import Struct, field

from chalicelib.domain.types import ConnectionId


class FanOutResult(Struct):
    """What became of each post of a fan-out."""

    delivered: int = 0
    gone: list[ConnectionId] = field(default_factory=list)
    """410: to be disconnected."""
    slow: list[ConnectionId] = field(default_factory=list)
    """Still refused (429, 5xx) or unanswered after three tries; left alone for 30 seconds."""
    unsent: list[ConnectionId] = field(default_factory=list)
    """Not tried, or not answered, when the time was up: for another job."""
    refused: list[ConnectionId] = field(default_factory=list)
    """Any other 4xx (too large, a malformed id, no permission): another try would not help."""

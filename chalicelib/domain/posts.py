"""The result of a fan-out."""

from msgspec import Struct, field

from chalicelib.domain.types import ConnectionId


class FanOutResult(Struct):
    """The outcome of each post of a fan-out."""

    delivered: int = 0
    gone: list[ConnectionId] = field(default_factory=list)
    """410: the connection does not exist any more, and must be cleaned up."""
    slow: list[ConnectionId] = field(default_factory=list)
    """Failed (429, 5xx or no response) after three tries; skipped for 30 seconds."""
    unsent: list[ConnectionId] = field(default_factory=list)
    """Not tried, or without a response, at the deadline: left to another job."""
    refused: list[ConnectionId] = field(default_factory=list)
    """Any other 4xx (too large, a malformed id, no permission): a retry would not help."""

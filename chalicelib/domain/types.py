"""The names that keep ids apart, and the two roles."""

from enum import StrEnum
from typing import NewType

SessionId = NewType("SessionId", str)
ConnectionId = NewType("ConnectionId", str)
TenantId = NewType("TenantId", str)
UserId = NewType("UserId", str)
Millis = NewType("Millis", int)
"""A point in time: milliseconds since the epoch."""


class Role(StrEnum):
    SPEAKER = "speaker"
    LISTENER = "listener"

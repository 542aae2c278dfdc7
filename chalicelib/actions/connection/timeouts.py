"""Closing connections whose time is up: when the sweep meets them, or by a job for that second.

Each is cleaned up after here, as `$disconnect` may never come.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from chalicelib.actions.connection import disconnect
from chalicelib.actions.ports import Remaining
from chalicelib.actions.services import Services
from chalicelib.domain import lifetimes
from chalicelib.domain.session import Connection
from chalicelib.domain.types import ConnectionId
from chalicelib.errors import LecternError, UpstreamError
from chalicelib.protocol.codec import encode
from chalicelib.protocol.jobs import CloseDue, NotifyDue
from chalicelib.protocol.messages import ConnectionTimeout

RESERVE_SECONDS = 8.0
"""What an invocation must still have to begin with one more connection or session."""


def close_due(services: Services, job: CloseDue, remaining: Remaining) -> None:
    """Looks at those whose time was to be up by now. What fails is left to the next sweep."""
    closed: list[str] = []

    def close(connection_id: ConnectionId) -> None:
        reason = close_if_due(services, connection_id, remaining)
        if reason is not None:
            closed.append(reason)

    in_time(services, job, remaining, close)
    if closed:
        measure(services, idle=closed.count("idle"), closed=len(closed))


def in_time(
    services: Services,
    job: CloseDue | NotifyDue,
    remaining: Remaining,
    act: Callable[[ConnectionId], object],
) -> None:
    """Acts on each connection of a job of `soon.py`, as far as the invocation's time goes."""
    for connection_id in job.connections:
        if remaining() < RESERVE_SECONDS:
            break
        with isolated(services):
            act(connection_id)


def close_if_due(
    services: Services, connection_id: ConnectionId, remaining: Remaining
) -> str | None:
    """Closes a connection, if its time is up; answers why, None if it is not.

    None as well if somebody else has just begun to: a sweep and a job may come in one second.
    """
    current = services.connections.get_current(connection_id)
    if current is None:
        return None
    now = services.clock()
    reason = lifetimes.close_reason(current, now, services.settings)
    if reason is None or not services.connections.claim_closing(connection_id, now):
        return None
    if reason == "idle":
        _tell_timeout(services, current)
    _close(services, current, reason, remaining)
    return reason


def measure(services: Services, *, idle: int, closed: int) -> None:
    services.telemetry.metric("IdleConnectionsDetected", idle)
    services.telemetry.metric("ConnectionsClosed", closed)


@contextmanager
def isolated(services: Services) -> Iterator[None]:
    """What goes wrong with one connection or session is logged, and left to the next run."""
    try:
        yield
    except UpstreamError as error:
        services.telemetry.warning("sweepPartFailed", exception=error)
    except LecternError as error:
        services.telemetry.error("sweepPartFailed", exception=error)


def _tell_timeout(services: Services, connection: Connection) -> None:
    """As well as can be. Not by `delivery`, which would clean up after a 410 all by itself."""
    now = services.clock()
    silence = lifetimes.idle_seconds(connection, now)
    message = ConnectionTimeout(
        timestamp=now,
        idle_seconds=silence,
        message=f"Nothing was heard for {silence} seconds: send heartbeats to stay.",
    )
    with isolated(services):
        services.management.post(connection.connection_id, encode(message))


def _close(services: Services, connection: Connection, reason: str, remaining: Remaining) -> None:
    """Cleans up in this process, as `$disconnect` may never come, then closes the socket.

    In that order the `$disconnect` that may come finds nothing left to do.
    """
    disconnect.disconnect(services, connection.connection_id, disconnect.Closing(), remaining)
    with isolated(services):
        services.management.close(connection.connection_id)
    services.telemetry.metric(
        "ConnectionTimeout", 1, dimensions={"Role": connection.role.value, "Reason": reason}
    )

"""Rate limits. They fail open: if the limiter itself fails, the call goes on.

That is a decision (docs/build/decisions/0007): a limiter that fails closed turns a hiccup of one
table into an outage. Every other check still applies, and `RateLimited` shows that the limiter is
off. The exception is the counter of a single connection: if it is throttled, the call is refused,
as that connection alone can cause it, and would switch its own limit off.
"""

from contextlib import suppress
from typing import Literal

from msgspec import Struct

from chalicelib.actions.services import Services
from chalicelib.domain.session import Connection
from chalicelib.domain.types import ConnectionId, TenantId, UserId
from chalicelib.errors import Code, RateLimited, Throttled, UpstreamError
from chalicelib.stores.calls import Call

_USER_SHARE = 40
_MIN_USER_CONNECTS = 30
_ADDRESS_FACTOR = 20
"""An address may fail so many times as often as one connection, until it loses second tries."""


class Caller(Struct, frozen=True):
    """Who a handshake counts for: an address, or the user or participant that it has proved."""

    kind: Literal["address", "user", "participant"]
    value: str


def connect_call(services: Services, caller: Caller) -> Call[RateLimited | None]:
    """Return the call that counts a handshake. Its result is the refusal, if it is one too many.

    People in a hall have one address, so its limit is wide. Who proves who they are is not counted
    with it: whoever uses up an address keeps out none of those.
    """
    limit = services.settings.rate_limit_connects_per_minute
    if caller.kind != "address":
        limit = max(_MIN_USER_CONNECTS, limit // _USER_SHARE)
    return _call(services, "connect", caller.kind, caller.value, limit, 60)


def by_address(services: Services, address: str) -> Caller:
    return Caller("address", services.hasher.address(address))


def too_many_tries(services: Services, connection: Connection) -> RateLimited:
    """Return the error for a connection that has had its tries to join for now."""
    services.telemetry.metric("RateLimited", 1, dimensions={"Operation": "failedJoin"})
    since = connection.join_tries_since or services.clock()
    limit = services.settings.rate_limit_failed_joins_per_minute
    return RateLimited(
        Code.RATE_LIMITED,
        f"too many sessions that are not there: at most {limit} in 60 seconds",
        retry_after=max(1, 60 - (services.clock() - since) // 1000),
    )


def limit_failed_joins(services: Services, address: str) -> None:
    """Count a try that is not a connection's first, before anything is looked up."""
    limit = services.settings.rate_limit_failed_joins_per_minute * _ADDRESS_FACTOR
    _count(services, "failedJoin", "address", services.hasher.address(address), limit, 60)


def note_failed_join(services: Services, address: str) -> None:
    """Count a first try that has failed. It is never refused."""
    with suppress(RateLimited):
        limit_failed_joins(services, address)


def limit_joins(services: Services, address: str) -> None:
    limit = services.settings.rate_limit_joins_per_minute
    _count(services, "join", "address", services.hasher.address(address), limit, 60)


def limit_sessions(services: Services, tenant_id: TenantId, user_id: UserId) -> None:
    """Limit sessions by user.

    Users of two tenants may have one name; the length tells `a:b` and `c` from `a` and `b:c`.
    """
    limit = services.settings.rate_limit_sessions_per_hour
    user = f"{len(tenant_id)}:{tenant_id}:{user_id}"
    _count(services, "createSession", "user", user, limit, 3600)


def limit_controls(services: Services, connection_id: ConnectionId) -> None:
    """Limit the messages of one connection that are carried to others, or written for it."""
    limit = services.settings.rate_limit_controls_per_second
    _count(services, "control", "connection", connection_id, limit, 1)


def _count(
    services: Services, operation: str, kind: str, value: str, limit: int, window: int
) -> None:
    """Count an attempt. Raises RateLimited: it is above `limit`."""
    (refusal,) = services.together(_call(services, operation, kind, value, limit, window))
    if refusal is not None:
        raise refusal


def _call(
    services: Services, operation: str, kind: str, value: str, limit: int, window: int
) -> Call[RateLimited | None]:
    """Return the call that counts an attempt. `window` is in seconds.

    Its result is the refusal of an attempt above `limit`; it tells when the window is over.
    """

    def check(count: int) -> RateLimited | None:
        return _too_many(services, operation, limit, window) if count > limit else None

    def fail_open(error: UpstreamError) -> RateLimited | None:
        if kind == "connection" and isinstance(error, Throttled):
            return _too_many(services, operation, limit, window)
        try:
            raise error  # so that the log shows where it came up
        except UpstreamError:
            services.telemetry.error("rateLimiterDown", operation=operation, exception=error)
        services.telemetry.metric("RateLimited", 0, dimensions={"Operation": operation})
        return None

    counted = services.rate_limits.count_call(operation, kind, value, window, services.clock())
    return counted.then(check).rescued(fail_open)


def _too_many(services: Services, operation: str, limit: int, window: int) -> RateLimited:
    services.telemetry.metric("RateLimited", 1, dimensions={"Operation": operation})
    return RateLimited(
        Code.RATE_LIMITED,
        f"too many attempts: at most {limit} in {window} seconds",
        retry_after=max(1, window - services.clock() // 1000 % window),
    )

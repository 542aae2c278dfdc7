"""Rate limits. They fail open: if the limiter itself fails, the call goes on.

That is a decision (docs/build/decisions/0007): a limiter that fails closed turns a hiccup of one
table into an outage. Every other check still applies, and `RateLimited` shows that the limiter is
off. The exception is the counter of a single connection: if it is throttled, the call is refused,
as that connection alone can cause it, and would switch its own limit off.
"""

from chalicelib.actions.services import Services
from chalicelib.domain.types import ConnectionId, TenantId, UserId
from chalicelib.errors import Code, RateLimited, Throttled, UpstreamError
from chalicelib.stores.calls import Call


def connect_call(services: Services, address: str) -> Call[RateLimited | None]:
    """Return the call that counts a handshake. Its result is the refusal, if it is one too many."""
    limit = services.settings.rate_limit_connects_per_minute
    return _call(services, "connect", "address", services.hasher.address(address), limit, 60)


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

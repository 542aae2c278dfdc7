"""Tokens that a local stack accepts."""

from collections.abc import Mapping

import jwt

from sandbox.conditions.clock import Clock

DEFAULT_TTL = 86_400


def new_token(
    environ: Mapping[str, str], clock: Clock, *, sub: str, tenant: str | None, ttl: int
) -> str:
    """Return an HS256 token with the stack's secret, issuer and audience, for `ttl` seconds."""
    now = clock() // 1000
    claims: dict[str, str | int] = {"sub": sub, "iat": now, "exp": now + ttl}
    if tenant is not None:
        claims[environ.get("JWT_TENANT_CLAIM") or "tenantId"] = tenant
    if issuer := environ.get("JWT_ISSUER"):
        claims["iss"] = issuer
    if audience := environ.get("JWT_AUDIENCE"):
        claims["aud"] = audience
    return jwt.encode(claims, environ["JWT_SECRET"], algorithm="HS256")

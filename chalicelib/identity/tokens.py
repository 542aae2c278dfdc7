"""The identity in a user's JWT (PROTOCOL 1.1)."""

from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any

from msgspec import Struct

from chalicelib.domain.types import Millis, TenantId, UserId
from chalicelib.errors import Code, Unauthorized
from chalicelib.identity import https
from chalicelib.identity.jws import (
    SharedSecret,
    SignatureCheck,
    SignedToken,
    decode_object,
    invalid,
    parse,
)
from chalicelib.settings import Settings

DEFAULT_TENANT = TenantId("default")
_MAX_NAME_LENGTH = 255  # characters, as OpenID Connect has it; DynamoDB's keys take 1024 bytes
_LAST_SECOND = 253_402_300_799  # of the year 9999; larger numbers fit neither a date nor a table

_LEEWAY = 60_000
"""Milliseconds by which an issuer's clock may be ahead of ours."""


class Identity(Struct, frozen=True):
    """A user of a tenant, valid until the token expires."""

    user_id: UserId
    tenant_id: TenantId
    expires_at: Millis
    issued_at: Millis | None = None
    """None if the token has no `iat`."""


class TokenVerifier:
    """Verifies tokens by the `JWT_…` settings. `fetch` gets a key set by URL, or raises OSError."""

    def __init__(self, settings: Settings, fetch: Callable[[str], bytes] = https.fetch) -> None:
        defaults = ("RS256", "ES256") if settings.jwt_jwks_url else ("HS256",)
        self._algorithms = frozenset(settings.jwt_algorithms or defaults)
        self._settings = settings
        self._signatures = _signature_check(settings, self._algorithms, fetch)

    def verify(self, token: str, now: Millis) -> Identity:
        """Return the identity in `token` at `now`, the time of the stack's clock.

        Raises:
            Unauthorized: TOKEN_EXPIRED if it was valid once, else TOKEN_INVALID.
            Unavailable: the issuer's keys cannot be fetched.
        """
        signed = parse(token, self._algorithms)
        self._signatures.check(signed, now)
        try:
            claims = decode_object(signed.payload)
        except ValueError:
            raise invalid("its claims are malformed") from None
        self._check_parties(claims)
        return self._identity(claims, now)

    def _check_parties(self, claims: Mapping[str, Any]) -> None:
        issuer, audience = self._settings.jwt_issuer, self._settings.jwt_audience
        if issuer and claims.get("iss") != issuer:
            raise invalid("its issuer is not accepted")
        meant_for = claims.get("aud")
        if audience and audience not in (meant_for if isinstance(meant_for, list) else [meant_for]):
            raise invalid("its audience is not accepted")

    def _identity(self, claims: Mapping[str, Any], now: Millis) -> Identity:
        user_id = UserId(_name(claims, "sub"))
        tenant_claim = self._settings.jwt_tenant_claim
        tenant_id = DEFAULT_TENANT
        if tenant_claim in claims:
            tenant_id = TenantId(_name(claims, tenant_claim))
        if "nbf" in claims and now < _time(claims, "nbf"):
            raise invalid("it is not valid yet")
        issued_at = _issued_at(claims)
        if issued_at is not None and issued_at > now + _LEEWAY:
            raise invalid("it was issued in the future")
        expires_at = _time(claims, "exp")
        if now >= expires_at:
            raise Unauthorized(Code.TOKEN_EXPIRED, "the token has expired")
        return Identity(user_id, tenant_id, expires_at, issued_at)


def _signature_check(
    settings: Settings, algorithms: frozenset[str], fetch: Callable[[str], bytes]
) -> SignatureCheck:
    if not settings.jwt_jwks_url:
        return SharedSecret(settings.jwt_secret)

    def key_set() -> SignatureCheck:
        # Imported here: PyJWT and cryptography double a cold start, and HS256 needs neither.
        from chalicelib.identity.jwks import KeySet  # noqa: PLC0415

        return KeySet(settings.jwt_jwks_url, algorithms, fetch)

    return _OnFirstUse(key_set)


class _OnFirstUse:
    """A check that is built for the first token. Most processes never see one."""

    def __init__(self, make: Callable[[], SignatureCheck]) -> None:
        self._make = make
        self._lock = Lock()
        self._made: SignatureCheck | None = None

    def check(self, token: SignedToken, now: Millis) -> None:
        with self._lock:
            if self._made is None:
                self._made = self._make()
        self._made.check(token, now)


def _name(claims: Mapping[str, Any], claim: str) -> str:
    """Return a user's or tenant's name. It must be printable, not blank, and fit a table's key."""
    name = claims.get(claim)
    if not isinstance(name, str) or not name.strip() or not name.isprintable():
        raise invalid(f"its claim {claim} is not a name")
    if len(name) > _MAX_NAME_LENGTH:
        raise invalid(f"its claim {claim} is too long")
    return name


def _issued_at(claims: Mapping[str, Any]) -> Millis | None:
    """Return the claim `iat`, None if it is missing or no time: only removed users need it."""
    try:
        return _time(claims, "iat")
    except Unauthorized:
        return None


def _time(claims: Mapping[str, Any], claim: str) -> Millis:
    """Return a NumericDate claim (RFC 7519): seconds since the epoch, possibly with a fraction."""
    seconds = claims.get(claim)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise invalid(f"its claim {claim} is not a time")
    if not 0 <= seconds <= _LAST_SECOND:
        raise invalid(f"its claim {claim} is out of range")
    return Millis(int(seconds * 1000))

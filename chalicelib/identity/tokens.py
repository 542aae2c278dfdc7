"""Who a JWT says that somebody is (PROTOCOL 1.1)."""

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
_LONGEST_NAME = 255  # characters, as OpenID Connect has it; DynamoDB's keys take 1024 bytes
_LAST_SECOND = 253_402_300_799  # of the year 9999; larger numbers fit no date and no table


class Identity(Struct, frozen=True):
    """A user of a tenant, until the token expires."""

    user_id: UserId
    tenant_id: TenantId
    expires_at: Millis
    issued_at: Millis | None = None
    """None for a token that does not say."""


class TokenVerifier:
    """Verifies tokens as the `JWT_…` settings say; `fetch` gets a key set, and raises OSError."""

    def __init__(self, settings: Settings, fetch: Callable[[str], bytes] = https.fetch) -> None:
        defaults = ("RS256", "ES256") if settings.jwt_jwks_url else ("HS256",)
        self._algorithms = frozenset(settings.jwt_algorithms or defaults)
        self._settings = settings
        self._signatures = _signature_check(settings, self._algorithms, fetch)

    def verify(self, token: str, now: Millis) -> Identity:
        """Whom `token` speaks for at `now`, the time of the stack's clock.

        Raises:
            Unauthorized: TOKEN_EXPIRED for one that was valid, TOKEN_INVALID for any other that
                is not.
            Unavailable: the issuer's keys cannot be had.
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
            raise invalid("it is of another issuer")
        meant_for = claims.get("aud")
        if audience and audience not in (meant_for if isinstance(meant_for, list) else [meant_for]):
            raise invalid("it is for another audience")

    def _identity(self, claims: Mapping[str, Any], now: Millis) -> Identity:
        user_id = UserId(_name(claims, "sub"))
        tenant_claim = self._settings.jwt_tenant_claim
        tenant_id = DEFAULT_TENANT
        if tenant_claim in claims:
            tenant_id = TenantId(_name(claims, tenant_claim))
        if "nbf" in claims and now < _time(claims, "nbf"):
            raise invalid("it is not valid yet")
        expires_at = _time(claims, "exp")
        if now >= expires_at:
            raise Unauthorized(Code.TOKEN_EXPIRED, "the token has expired")
        return Identity(user_id, tenant_id, expires_at, _issued_at(claims))


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
    """A check that is made when the first token comes. Most listeners never bring one."""

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
    """A user's or a tenant's name: printable, not blank, and short enough for a table's key."""
    name = claims.get(claim)
    if not isinstance(name, str) or not name.strip() or not name.isprintable():
        raise invalid(f"its claim {claim} is not a name")
    if len(name) > _LONGEST_NAME:
        raise invalid(f"its claim {claim} is too long")
    return name


def _issued_at(claims: Mapping[str, Any]) -> Millis | None:
    """Nobody is refused for an `iat` that says nothing: only a removed user's tokens need one."""
    try:
        return _time(claims, "iat")
    except Unauthorized:
        return None


def _time(claims: Mapping[str, Any], claim: str) -> Millis:
    """A NumericDate (RFC 7519): seconds since the epoch, maybe with a fraction."""
    seconds = claims.get(claim)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise invalid(f"its claim {claim} is not a time")
    if not 0 <= seconds <= _LAST_SECOND:
        raise invalid(f"its claim {claim} is out of range")
    return Millis(int(seconds * 1000))

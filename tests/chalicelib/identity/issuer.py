"""An issuer of tokens: its keys, the key set that it publishes, and tokens good and bad."""

import hmac
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from chalicelib.domain.types import Millis
from chalicelib.errors import Code, Unauthorized, Unavailable
from chalicelib.identity import base64url
from chalicelib.identity.tokens import Identity, TokenVerifier
from chalicelib.settings import Settings

SECRET = "a secret of at least 32 characters"
JWKS_URL = "https://issuer.example/jwks.json"
NOW = Millis(1_700_000_000_000)
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def claims(**changes: object) -> dict[str, Any]:
    """Good claims, an hour from `NOW`; a change to None leaves a claim out."""
    good = {"sub": "ada", "tenantId": "acme", "exp": NOW // 1000 + 3600}
    return {name: value for name, value in (good | changes).items() if value is not None}


def hs256(payload: Mapping[str, object] | None = None, secret: str = SECRET) -> str:
    return signed(payload, secret, "HS256")


def signed(
    payload: Mapping[str, object] | None,
    key: str | PrivateKey,
    algorithm: str,
    headers: dict[str, Any] | None = None,
) -> str:
    return jwt.encode(dict(payload or claims()), key, algorithm, headers=headers)


def raw(payload: object) -> str:
    """Return a well signed token with any payload, even one that PyJWT would not encode."""
    return jwt.PyJWS().encode(json.dumps(payload).encode(), SECRET, "HS256")


def encoded(part: object) -> str:
    """Encode a part of a token as JSON in base64url."""
    return base64url.encode(json.dumps(part).encode())


@cache
def rsa_key(number: int = 0, bits: int = 2048) -> rsa.RSAPrivateKey:  # noqa: ARG001 - one a number
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@cache
def ec_key(number: int = 0, curve: str = "P-256") -> ec.EllipticCurvePrivateKey:  # noqa: ARG001
    curves = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
    return ec.generate_private_key(curves[curve])


def jwk(key: PrivateKey, **members: object) -> dict[str, Any]:
    """Return the public half of `key` as an entry of a key set."""
    if isinstance(key, rsa.RSAPrivateKey):
        return RSAAlgorithm.to_jwk(key.public_key(), as_dict=True) | members
    return ECAlgorithm.to_jwk(key.public_key(), as_dict=True) | members


class Issuer:
    """A key set's URL: it returns entries or fails, and counts the fetches."""

    def __init__(self, *entries: object) -> None:
        self.answer: bytes | OSError = b""
        self.fetched: list[str] = []
        self.publish(*entries)

    def publish(self, *entries: object) -> None:
        self.answer = json.dumps({"keys": entries}).encode()

    def fetch(self, url: str) -> bytes:
        self.fetched.append(url)
        if isinstance(self.answer, OSError):
            raise self.answer
        return self.answer

    def verifier(self, **settings: Any) -> TokenVerifier:
        return TokenVerifier(Settings(jwt_jwks_url=JWKS_URL, **settings), self.fetch)


def secret_verifier(**settings: Any) -> TokenVerifier:
    return TokenVerifier(Settings(jwt_secret=SECRET, **settings))


def outcome(verifier: TokenVerifier, token: str, now: int = NOW) -> Identity | Code:
    """Return the identity, or the code of the refusal. Any other exception fails the test."""
    try:
        return verifier.verify(token, Millis(now))
    except (Unauthorized, Unavailable) as refusal:
        return refusal.code


def refusal(verifier: TokenVerifier, token: str) -> Code:
    """Return the code of the refusal, after checking its status 401."""
    with pytest.raises(Unauthorized) as refused:
        verifier.verify(token, NOW)
    assert refused.value.status == 401
    return refused.value.code


def forged(header: object, payload: object, signature: bytes) -> str:
    return f"{encoded(header)}.{encoded(payload)}.{base64url.encode(signature)}"


def hmac_signed(header: object, payload: object, key: bytes = SECRET.encode()) -> str:
    """Signed with HMAC-SHA256, whatever the header says."""
    signing_input = f"{encoded(header)}.{encoded(payload)}"
    return f"{signing_input}.{base64url.encode(hmac.digest(key, signing_input.encode(), 'sha256'))}"


def both_kinds() -> tuple[Issuer, TokenVerifier]:
    issuer = Issuer(jwk(rsa_key(), kid="rsa"), jwk(ec_key(), kid="ec"))
    return issuer, issuer.verifier()

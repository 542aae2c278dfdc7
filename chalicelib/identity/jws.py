"""Signed tokens in JWS compact form (RFC 7515): three parts, base64url, joined by dots.

HS256 is one HMAC and needs only this file. PyJWT would cost a cold start 55 ms of CPU, 36 without
cryptography, which it imports wherever that is installed, even for HS256; this whole package costs
6. Public keys are left to PyJWT (`jwks.py`), which is imported only where a key set is configured.
PyJWT is also the reference that the tests compare this file with.
"""

import hmac
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from chalicelib.domain.types import Millis
from chalicelib.errors import Code, Unauthorized
from chalicelib.identity import base64url
from chalicelib.settings import SettingsError

MAX_LENGTH = 8192
"""The maximum characters of a token. API Gateway accepts 10 KB of headers in all."""

_DIGESTS = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}


class SignedToken(Struct, frozen=True):
    """A well-formed token whose signature is not checked yet."""

    text: str
    algorithm: str
    key_id: str | None
    signing_input: bytes
    signature: bytes
    payload: bytes


class SignatureCheck(Protocol):
    """A check of signatures with the keys of an issuer."""

    def check(self, token: SignedToken, now: Millis) -> None:
        """Raise Unauthorized (TOKEN_INVALID) if the signature is not the issuer's."""
        ...


def invalid(reason: str) -> Unauthorized:
    """Return the refusal of a bad token. `reason` says why, without quoting the token."""
    return Unauthorized(Code.TOKEN_INVALID, f"the token is not valid: {reason}")


def parse(text: str, algorithms: frozenset[str]) -> SignedToken:
    """Parse a token.

    Only `alg` and `kid` of its header count. `alg` must be one of `algorithms`, so that the
    settings decide, and never the token. Keys that a header contains or links to (`jwk`, `jku`,
    `x5c`, `x5u`) are ignored. `crit` and `b64` change what a token means, and are refused.

    Raises:
        Unauthorized: TOKEN_INVALID for any other text.
    """
    if len(text) > MAX_LENGTH:
        raise invalid("it is too long")
    try:
        head, body, signature = text.split(".")
        header = decode_object(base64url.decode(head))
        payload, raw_signature = base64url.decode(body), base64url.decode(signature)
    except ValueError:
        raise invalid("it is malformed") from None
    algorithm, key_id = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in algorithms:
        raise invalid("its algorithm is not accepted")
    if not (key_id is None or isinstance(key_id, str)) or "crit" in header or "b64" in header:
        raise invalid("its header is not supported")
    signing_input = f"{head}.{body}".encode("ascii")
    return SignedToken(text, algorithm, key_id, signing_input, raw_signature, payload)


def decode_object(data: bytes) -> dict[str, Any]:
    """Decode a JSON object. Raises ValueError for anything else, such as NaN or huge numbers."""
    try:
        decoded = msgspec.json.decode(data)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(decoded, dict):
        raise ValueError("not an object")
    return decoded


class SharedSecret:
    """HS256, HS384 and HS512: the issuer and the stack share `JWT_SECRET`."""

    def __init__(self, secret: str) -> None:
        if "-----BEGIN" in secret or secret.startswith(("ssh-", "ecdsa-")):
            # Anybody who has the public key could sign.
            raise SettingsError(
                "JWT_SECRET is a key of a key pair: use JWT_JWKS_URL for public keys"
            )
        self._secret = secret.encode()

    def check(self, token: SignedToken, now: Millis) -> None:  # noqa: ARG002 - secrets do not expire
        """Raise Unauthorized if the token was not signed with the secret."""
        digest = _DIGESTS.get(token.algorithm)
        if digest is None:
            raise invalid("its algorithm is not accepted")
        expected = hmac.digest(self._secret, token.signing_input, digest)
        if not hmac.compare_digest(expected, token.signature):
            raise invalid("its signature is wrong")

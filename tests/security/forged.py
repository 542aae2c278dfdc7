"""Tokens that nobody must be let in with, each made anew for one stack's secret and time."""

import hmac
import json
from collections.abc import Mapping

import jwt
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chalicelib.identity import base64url
from tests.chalicelib.identity.issuer import encoded, forged, rsa_key

FOREIGN = "the secret of another stack, as long as any"


def tokens(secret: str, now: int) -> Mapping[str, str]:
    """By what is wrong with each; `now` in seconds since the epoch."""
    good: dict[str, object] = {"sub": "anna", "exp": now + 3600}

    def signed(claims: Mapping[str, object] = good, **header: object) -> str:
        return _signed({"alg": "HS256", "typ": "JWT", **header}, json.dumps(claims), secret)

    own = signed()
    head, body, signature = own.split(".")
    public = rsa_key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return {
        "none": forged({"alg": "none"}, good, b""),
        "none with a signature": forged({"alg": "None"}, good, b"x" * 32),
        "no algorithm": forged({"typ": "JWT"}, good, b"x" * 32),
        "signature cut off": f"{head}.{body}.",
        "two parts": f"{head}.{body}",
        "another secret": jwt.encode(good, FOREIGN, "HS256"),
        "an empty secret": _signed({"alg": "HS256"}, json.dumps(good), ""),
        "another hash": _signed({"alg": "HS512"}, json.dumps(good), secret),
        "a key pair": jwt.encode(good, rsa_key(), "RS256"),
        "a public key as secret": _signed({"alg": "HS256"}, json.dumps(good), public.decode()),
        "a kid that is a path": _signed(
            {"alg": "HS256", "kid": "../../../../dev/null"}, json.dumps(good), ""
        ),
        "a kid that is a query": _signed(
            {"alg": "HS256", "kid": "x' UNION SELECT 'key"}, json.dumps(good), "key"
        ),
        "a key of its own": _signed(
            {"alg": "HS256", "jwk": {"kty": "oct", "k": base64url.encode(b"key")}},
            json.dumps(good),
            "key",
        ),
        "a critical extension": signed(good, crit=["exp"]),
        "claims of another": f"{head}.{encoded({**good, 'sub': 'eve'})}.{signature}",
        "one in another": _signed({"alg": "HS256", "cty": "JWT"}, json.dumps(own), secret),
        "encrypted": f"{encoded({'alg': 'dir', 'enc': 'A256GCM'})}..{signature}.{body}.{signature}",
        "nobody": signed({"exp": now + 3600}),
        "nobody's name": signed({**good, "sub": ""}),
        "a subject that is none": signed({**good, "sub": {"$ne": None}}),
        "a tenant that is none": signed({**good, "tenantId": ["acme"]}),
        "control characters": signed({**good, "sub": "anna\r\nlevel: ERROR"}),
        "no end": signed({"sub": "anna"}),
        "an end as text": signed({**good, "exp": str(now + 3600)}),
        "an end that is true": signed({**good, "exp": True}),
        "an end beyond numbers": _signed({"alg": "HS256"}, '{"sub":"anna","exp":1e400}', secret),
        "no end in sight": _signed({"alg": "HS256"}, '{"sub":"anna","exp":Infinity}', secret),
        "an end of 400 digits": _signed(
            {"alg": "HS256"}, f'{{"sub":"anna","exp":{"9" * 400}}}', secret
        ),
        "an end that is over": signed({**good, "exp": now - 1}),
        "not yet": signed({**good, "nbf": now + 3600}),
        "no object": _signed({"alg": "HS256"}, "[]", secret),
        "nested deeply": _signed({"alg": "HS256"}, "[" * 3000 + "]" * 3000, secret),
        "no token": "null",
        "nothing": "",
    }


def _signed(header: Mapping[str, object], claims: str, secret: str) -> str:
    signing_input = f"{encoded(header)}.{base64url.encode(claims.encode())}"
    mac = hmac.digest(secret.encode(), signing_input.encode(), "sha256")
    return f"{signing_input}.{base64url.encode(mac)}"

"""Checks AWS Signature Version 4 on incoming requests, as API Gateway does for `@connections`.

Rules: "Create a signed AWS API request" in the IAM user guide. Time is real time, since the
signing side takes it from the machine and not from the stack's clock.
"""

import hashlib
import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import parse_qsl, quote

ALGORITHM = "AWS4-HMAC-SHA256"
ALLOWED_SKEW = 300.0
"""Seconds, either way."""


class SignatureError(Exception):
    """The request is unsigned, or not signed by the one who should have."""


@dataclass(frozen=True)
class Credentials:
    """The one identity that exists on this machine."""

    access_key_id: str
    secret_access_key: str


@dataclass(frozen=True)
class SignedRequest:
    """The parts of a request that a signature covers; `headers` by lower-case name."""

    method: str
    path: str
    """As it was sent, still percent-encoded."""
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class _Authorization:
    access_key_id: str
    date: str
    region: str
    service: str
    signed_headers: list[str]
    signature: str

    @classmethod
    def parse(cls, header: str) -> "_Authorization":
        try:
            algorithm, _, rest = header.partition(" ")
            parts = dict(part.strip().split("=", 1) for part in rest.split(","))
            key, date, region, service, terminator = parts["Credential"].split("/")
            signed_headers = parts["SignedHeaders"].split(";")
            signature = parts["Signature"]
        except (KeyError, ValueError):
            raise SignatureError("Missing or malformed Authorization header") from None
        if algorithm != ALGORITHM or terminator != "aws4_request":
            raise SignatureError("Missing or malformed Authorization header")
        return cls(key, date, region, service, signed_headers, signature)


def verify(request: SignedRequest, credentials: Credentials, service: str) -> None:
    """Returns if the request is signed with `credentials` for `service` within five minutes.

    Raises:
        SignatureError: it is not; the text says why.
    """
    given = _Authorization.parse(request.headers.get("authorization", ""))
    if given.access_key_id != credentials.access_key_id:
        raise SignatureError("The security token included in the request is invalid")
    if given.service != service or "host" not in given.signed_headers:
        raise SignatureError("Credential should be scoped to correct service")
    moment = request.headers.get("x-amz-date", "")
    _check_time(moment, given.date)
    payload = hashlib.sha256(request.body).hexdigest()
    if request.headers.get("x-amz-content-sha256", payload) != payload:
        raise SignatureError("The payload does not have the digest that was signed")
    scope = f"{given.date}/{given.region}/{service}/aws4_request"
    canonical = _canonical(request, given.signed_headers, payload).encode()
    text = f"{ALGORITHM}\n{moment}\n{scope}\n{hashlib.sha256(canonical).hexdigest()}"
    key = _signing_key(credentials.secret_access_key, given.date, given.region, service)
    if not hmac.compare_digest(_hmac(key, text).hex(), given.signature):
        raise SignatureError("The request signature we calculated does not match")


def _check_time(moment: str, date: str) -> None:
    try:
        signed = datetime.strptime(moment, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise SignatureError("Missing or malformed X-Amz-Date header") from None
    if abs(signed - time.time()) > ALLOWED_SKEW or moment[:8] != date:
        raise SignatureError("Signature expired or not yet current")


def _canonical(request: SignedRequest, signed_headers: list[str], payload: str) -> str:
    query = "&".join(
        f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}"
        for name, value in sorted(parse_qsl(request.query, keep_blank_values=True))
    )
    headers = "".join(
        f"{name}:{' '.join(request.headers.get(name, '').split())}\n" for name in signed_headers
    )
    # Every service but S3 encodes the path once more than it was sent.
    path = quote(request.path, safe="/-_.~")
    return "\n".join((request.method, path, query, headers, ";".join(signed_headers), payload))


@lru_cache(maxsize=16)
def _signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    key = _hmac(b"AWS4" + secret.encode(), date)
    for part in (region, service, "aws4_request"):
        key = _hmac(key, part)
    return key


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), hashlib.sha256)

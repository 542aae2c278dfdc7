"""AWS Signature Version 4 of incoming requests, checked as API Gateway does for `@connections`.

Rules: "Create a signed AWS API request" in the IAM user guide. Time is real time, since the signer
takes it from the machine and not from the stack's clock.
"""

import hashlib
import hmac
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qsl, quote

ALGORITHM = "AWS4-HMAC-SHA256"
ALLOWED_SKEW = 300.0
"""Seconds, either way."""
_MALFORMED = "Missing or malformed Authorization header"
_SIGNATURE = re.compile(r"\bSignature=([^,\s]*)")


class SignatureError(Exception):
    """The request is unsigned, or signed with the wrong credentials."""


@dataclass(frozen=True)
class Credentials:
    """An access key."""

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


class _Scope(NamedTuple):
    """The fields of an `Authorization` header besides the signature."""

    access_key_id: str
    date: str
    region: str
    service: str
    signed_headers: Sequence[str]


def access_key_of(request: SignedRequest) -> str:
    """Return the access key id in the request's signature. Raises SignatureError."""
    return _authorization(request)[0].access_key_id


def verify(
    request: SignedRequest,
    credentials: Credentials,
    service: str,
    *now: float,
    others: bool = False,
) -> None:
    """Check that the request is signed with `credentials` for `service` within five minutes.

    `now` are the times that a signer may have, in seconds; by default the machine's. With `others`
    a signature with any other access key passes: its secret is not known here, and a tool outside
    the sandbox cannot know the sandbox's credentials.

    Raises:
        SignatureError: the signature is missing or wrong; the text says why.
    """
    given, signature = _authorization(request)
    foreign = given.access_key_id != credentials.access_key_id
    if foreign and not others:
        raise SignatureError("The security token included in the request is invalid")
    if given.service != service or "host" not in given.signed_headers:
        raise SignatureError("Credential should be scoped to correct service")
    moment = request.headers.get("x-amz-date", "")
    _check_time(moment, given.date, now or (time.time(),))
    if foreign:
        return
    payload = hashlib.sha256(request.body).hexdigest()
    if request.headers.get("x-amz-content-sha256", payload) != payload:
        raise SignatureError("The payload does not have the digest that was signed")
    scope = f"{given.date}/{given.region}/{service}/aws4_request"
    canonical = _canonical(request, given.signed_headers, payload).encode()
    text = f"{ALGORITHM}\n{moment}\n{scope}\n{hashlib.sha256(canonical).hexdigest()}"
    key = _signing_key(credentials.secret_access_key, given.date, given.region, service)
    if not hmac.compare_digest(_hmac(key, text).hex(), signature):
        raise SignatureError("The request signature we calculated does not match")


def _authorization(request: SignedRequest) -> tuple[_Scope, str]:
    """Return the scope of the request's signature, and the signature. Raises SignatureError."""
    header = request.headers.get("authorization", "")
    found = _SIGNATURE.search(header)
    if not found:
        raise SignatureError(_MALFORMED)
    return _scope(header[: found.start(1)] + header[found.end(1) :]), found[1]


@lru_cache(maxsize=64)
def _scope(header: str) -> _Scope:
    """Parse a header without its signature; cached, since all posts of a fan-out share it."""
    try:
        algorithm, _, rest = header.partition(" ")
        parts = dict(part.strip().split("=", 1) for part in rest.split(","))
        key, date, region, service, terminator = parts["Credential"].split("/")
        signed_headers = tuple(parts["SignedHeaders"].split(";"))
    except (KeyError, ValueError):
        raise SignatureError(_MALFORMED) from None
    if algorithm != ALGORITHM or terminator != "aws4_request":
        raise SignatureError(_MALFORMED)
    return _Scope(key, date, region, service, signed_headers)


def _check_time(moment: str, date: str, now: Sequence[float]) -> None:
    try:
        signed = _seconds(moment)
    except ValueError:
        raise SignatureError("Missing or malformed X-Amz-Date header") from None
    if min(abs(signed - each) for each in now) > ALLOWED_SKEW or moment[:8] != date:
        raise SignatureError("Signature expired or not yet current")


def _canonical(request: SignedRequest, signed_headers: Sequence[str], payload: str) -> str:
    headers = "".join(
        f"{name}:{' '.join(request.headers.get(name, '').split())}\n" for name in signed_headers
    )
    query = _canonical_query(request.query) if request.query else ""
    path = _encoded(request.path)
    return "\n".join((request.method, path, query, headers, ";".join(signed_headers), payload))


def _canonical_query(query: str) -> str:
    return "&".join(
        f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}"
        for name, value in sorted(parse_qsl(query, keep_blank_values=True))
    )


@lru_cache(maxsize=4096)
def _encoded(path: str) -> str:
    # Every service but S3 encodes the path once more than it was sent.
    return quote(path, safe="/-_.~")


@lru_cache(maxsize=16)
def _seconds(moment: str) -> float:
    return datetime.strptime(moment, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()


@lru_cache(maxsize=16)
def _signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    key = _hmac(b"AWS4" + secret.encode(), date)
    for part in (region, service, "aws4_request"):
        key = _hmac(key, part)
    return key


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), hashlib.sha256)

"""Signature Version 4, as every AWS request carries it.

Described in the IAM User Guide, "AWS Signature Version 4 for API requests": the canonical request,
the string to sign, the signing key. Checked against AWS's published test vectors and botocore.
"""

import hmac
import time
from collections.abc import Callable, Mapping
from hashlib import sha256
from urllib.parse import quote

from chalicelib.aws.credentials import Credentials

ALGORITHM = "AWS4-HMAC-SHA256"
LEAST_SKEW = 240.0
"""The smallest difference of the clocks, in seconds, that is taken for the reason of a refusal."""


def hashed(payload: bytes) -> str:
    """Return the hash of a payload, as the canonical request has it."""
    return sha256(payload).hexdigest()


class Signing:
    """The part of a signature that requests of the same second, headers and credentials share.

    `headers` are header lines for the request, `X-Amz-Date` and the security token included.
    """

    __slots__ = ("_block", "_credential", "_key", "_prefix", "headers")

    def __init__(
        self, date: str, scope: str, key: bytes, credentials: Credentials, fields: Mapping[str, str]
    ) -> None:
        signed = {name.lower(): " ".join(value.split()) for name, value in fields.items()}
        signed["x-amz-date"] = date
        if credentials.token:
            signed["x-amz-security-token"] = credentials.token
        names = ";".join(sorted(signed))
        lines = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
        self._block = f"{lines}\n{names}\n"
        self._prefix = f"{ALGORITHM}\n{date}\n{scope}\n"
        self._key = key
        self._credential = (
            f"{ALGORITHM} Credential={credentials.access_key}/{scope}, "
            f"SignedHeaders={names}, Signature="
        )
        self.headers = "".join(f"{name}: {value}\r\n" for name, value in signed.items())

    def authorization(self, method: str, path: str, query: str, payload_hash: str) -> str:
        """Return the value of the `Authorization` header.

        `path` and `query` are canonical already: `canonical_path`, `canonical_query`.
        """
        canonical = f"{method}\n{path}\n{query}\n{self._block}{payload_hash}"
        text = self._prefix + sha256(canonical.encode()).hexdigest()
        return self._credential + hmac.digest(self._key, text.encode(), "sha256").hex()


class Signer:
    """Signs for one service in one region. Thread-safe.

    The signing key is kept until the day, or the credentials, change.
    """

    def __init__(
        self,
        service: str,
        region: str,
        credentials: Callable[[], Credentials],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._scope = f"{region}/{service}/aws4_request"
        self._scope_parts = (region, service, "aws4_request")
        self._credentials = credentials
        self._now = now
        self.offset = 0.0
        """Seconds by which the service's clock is known to be ahead of ours."""
        self._cached: tuple[str, str, bytes] = ("", "", b"")

    def prepare(self, fields: Mapping[str, str]) -> Signing:
        """Return a signing for requests with these header fields at this second."""
        credentials = self._credentials()
        date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(self.now()))
        day = date[:8]
        key = self._key(credentials.secret_key, day)
        return Signing(date, f"{day}/{self._scope}", key, credentials, fields)

    def now(self) -> float:
        """Return the service's time, in seconds."""
        return self._now() + self.offset

    def correct_clock(self, server_time: float) -> None:
        """Follow the service's clock, if ours is off by enough to be refused for it.

        A request that was signed with another `offset` than the current one is worth a retry.
        """
        if abs(server_time - self.now()) >= LEAST_SKEW:
            self.offset = server_time - self._now()

    def _key(self, secret: str, day: str) -> bytes:
        cached_secret, cached_day, key = self._cached
        if (cached_secret, cached_day) != (secret, day):
            key = hmac.digest(f"AWS4{secret}".encode(), day.encode(), "sha256")
            for part in self._scope_parts:
                key = hmac.digest(key, part.encode(), "sha256")
            self._cached = (secret, day, key)
        return key


def canonical_path(path: str) -> str:
    """Return a path of a request line in the form that is signed: encoded once more.

    Every service but S3 does so, and the `@` of `@connections` is encoded too.
    """
    return quote(path, safe="/~")


def canonical_query(query: str) -> str:
    """Return a query string, encoded already, in the order in which it is signed."""
    pairs = (pair.partition("=") for pair in query.split("&") if pair)
    return "&".join(f"{name}={value}" for name, _, value in sorted(pairs))

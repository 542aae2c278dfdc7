"""Signed requests: SigV4 over the HTTP client, and a clock that is put right by the server's."""

import contextlib
from collections.abc import Mapping
from typing import NamedTuple

from chalicelib.aws.http1 import HttpAnswer
from chalicelib.aws.http_client import HttpClient
from chalicelib.aws.sigv4 import Signer, Signing, canonical_path, hashed

_SKEW = (b"InvalidSignature", b"RequestExpired", b"RequestTimeTooSkewed", b"Signature expired")


class Target(NamedTuple):
    """The path of a request line (encoded once), and the same as it is signed."""

    path: str
    canonical: str


class SignedClient:
    """One try of signed requests to one endpoint. Thread-safe."""

    def __init__(self, http: HttpClient, signer: Signer) -> None:
        self._http = http
        self._signer = signer

    def send(
        self, method: str, path: str, fields: Mapping[str, str], body: bytes = b""
    ) -> HttpAnswer:
        """The answer, whatever its status; `path` is encoded once. Raises Refusal(NO_ANSWER)."""
        target = Target(path, canonical_path(path))
        offset = self._signer.offset
        answer = self._send(method, target, fields, body)
        if signed_too_early_or_late(answer, self._signer, offset):
            answer = self._send(method, target, fields, body)
        return answer

    def warm(self) -> None:
        """Opens a connection for the first request. Raises OSError."""
        self._http.warm()

    def _send(
        self, method: str, target: Target, fields: Mapping[str, str], body: bytes
    ) -> HttpAnswer:
        signing = self._signer.prepare({"host": self._http.endpoint.host, **fields})
        return self._http.exchange(request(signing, method, target, hashed(body), body))


def request(signing: Signing, method: str, target: Target, payload_hash: str, body: bytes) -> bytes:
    """The bytes of a signed request."""
    authorization = signing.authorization(method, target.canonical, "", payload_hash)
    head = (
        f"{method} {target.path} HTTP/1.1\r\n{signing.headers}"
        f"content-length: {len(body)}\r\nauthorization: {authorization}\r\n\r\n"
    )
    return head.encode("latin-1") + body


def signed_too_early_or_late(answer: HttpAnswer, signer: Signer, offset: float) -> bool:
    """Whether a refusal of what was signed with `offset` was due to our clock; it is right now."""
    if answer.status not in (400, 403) or not any(mark in answer.body for mark in _SKEW):
        return False
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - hardly ever needed

    with contextlib.suppress(ValueError):
        signer.set_right(parsedate_to_datetime(answer.field("date")).timestamp())
    return signer.offset != offset

"""Signed requests: SigV4 over the HTTP client, with a clock that follows the server's."""

import contextlib
from collections.abc import Callable, Mapping

from msgspec import Struct

from chalicelib.aws.http.client import HttpClient
from chalicelib.aws.http.responses import HttpResponse
from chalicelib.aws.http.sigv4 import Signer, Signing, canonical_path, hashed

_SKEW = (b"InvalidSignature", b"RequestExpired", b"RequestTimeTooSkewed", b"Signature expired")


class Target(Struct, frozen=True):
    """The path of a request line (encoded once), and the form of it that is signed."""

    path: str
    canonical: str


class SignedClient:
    """Sends signed requests to one endpoint, without retries. Thread-safe."""

    def __init__(self, http: HttpClient, signer: Signer) -> None:
        self._http = http
        self._signer = signer

    def send(
        self, method: str, path: str, fields: Mapping[str, str], body: bytes = b""
    ) -> HttpResponse:
        """Return the response, of any status.

        `path` is encoded once. Raises Refusal(NO_RESPONSE).
        """
        return self.begin(method, path, fields, body)()

    def begin(
        self, method: str, path: str, fields: Mapping[str, str], body: bytes = b""
    ) -> Callable[[], HttpResponse]:
        """Send a request. Return a function that waits for what `send` returns; call it once."""
        target = Target(path, canonical_path(path))
        offset = self._signer.offset
        sent = self._begin(method, target, fields, body)

        def finish() -> HttpResponse:
            response = sent()
            if refused_for_clock(response, self._signer, offset):
                response = self._begin(method, target, fields, body)()
            return response

        return finish

    def warm(self) -> None:
        """Open a connection for the first request. Raises OSError."""
        self._http.warm()

    def _begin(
        self, method: str, target: Target, fields: Mapping[str, str], body: bytes
    ) -> Callable[[], HttpResponse]:
        signing = self._signer.prepare({"host": self._http.endpoint.host, **fields})
        return self._http.begin(request(signing, method, target, hashed(body), body))


def request(signing: Signing, method: str, target: Target, payload_hash: str, body: bytes) -> bytes:
    """Return the bytes of a signed request."""
    authorization = signing.authorization(method, target.canonical, "", payload_hash)
    head = (
        f"{method} {target.path} HTTP/1.1\r\n{signing.headers}"
        f"content-length: {len(body)}\r\nauthorization: {authorization}\r\n\r\n"
    )
    return head.encode("latin-1") + body


def refused_for_clock(response: HttpResponse, signer: Signer, offset: float) -> bool:
    """Return True if a request signed with `offset` was refused because our clock was wrong.

    The clock is corrected then.
    """
    if response.status not in (400, 403) or not any(mark in response.body for mark in _SKEW):
        return False
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - hardly ever needed

    with contextlib.suppress(ValueError):
        signer.correct_clock(parsedate_to_datetime(response.field("date")).timestamp())
    return signer.offset != offset

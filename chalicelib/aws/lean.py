"""The lean wire to AWS, on the standard library: the default, `AWS_WIRE=lean`.

A service is an endpoint, a signer and an HTTP client; it has only what Lectern uses. Not
supported, and a reason for `AWS_WIRE=boto3`: proxies (`HTTPS_PROXY`), FIPS and dual-stack endpoints
other than by `AWS_ENDPOINT_URL`, endpoints and CA bundles that only a profile names.
"""

import time
from collections.abc import Callable, Mapping
from urllib.parse import quote

from chalicelib.aws.credentials import configured_region, credentials
from chalicelib.aws.endpoint_config import endpoint, region
from chalicelib.aws.fanout.run import ConnectionPool, FanOut, Limits
from chalicelib.aws.fanout.scheduler import POST_TIMEOUT, Post, PostScheduler, SlowConnections
from chalicelib.aws.http.client import HttpClient
from chalicelib.aws.http.endpoints import Endpoint
from chalicelib.aws.http.json_protocol import MAX_RESPONSE_BYTES, JsonService
from chalicelib.aws.http.responses import HttpResponse
from chalicelib.aws.http.signed import SignedClient, Target, refused_for_clock, request
from chalicelib.aws.http.sigv4 import Signer, Signing, canonical_path, hashed
from chalicelib.aws.refusals import Refusal
from chalicelib.aws.wire import Posts
from chalicelib.domain.posts import FanOutResult
from chalicelib.domain.types import ConnectionId

_TARGETS = {"dynamodb": "DynamoDB_20120810", "sqs": "AmazonSQS"}
_MAX_RESPONSE_BYTES = 64 * 1024


def json_service(service: str, environ: Mapping[str, str], timeout: float) -> JsonService:
    """Return what tries operations of `service` (`dynamodb`, `sqs`). `timeout` is in seconds."""
    http = HttpClient(Endpoint(endpoint(environ, service), environ), timeout, MAX_RESPONSE_BYTES)
    return JsonService(SignedClient(http, _signer(service, environ)), _TARGETS[service])


class LeanConnections:
    """`@connections` of one stage. Thread-safe."""

    def __init__(
        self,
        environ: Mapping[str, str],
        url: str,
        concurrency: int,
        slow: SlowConnections,
        timeout: float,
    ) -> None:
        """`url` is the stage's, `timeout` that of one request in seconds."""
        self._endpoint = Endpoint(url, environ)
        self._signer = _signer("execute-api", environ)
        http = HttpClient(self._endpoint, timeout, _MAX_RESPONSE_BYTES)
        self._client = SignedClient(http, self._signer)
        self._limits = Limits(concurrency, min(timeout, POST_TIMEOUT))
        self._slow = slow
        self._pool = ConnectionPool(concurrency)

    def post(self, connection_id: ConnectionId, data: bytes) -> None:
        self._send("POST", connection_id, data)

    def close(self, connection_id: ConnectionId) -> None:
        self._send("DELETE", connection_id, b"")

    def fan_out(self, posts: Posts, remaining: Callable[[], float]) -> FanOutResult:
        requests = PostRequests(self._endpoint, self._signer)
        scheduler = PostScheduler(posts, remaining, self._slow)
        run = FanOut(
            scheduler, self._endpoint, requests, requests.needs_new_signature, self._limits
        )
        return run.run(self._pool)

    def _send(self, method: str, connection_id: ConnectionId, data: bytes) -> None:
        path = f"{self._endpoint.path}/@connections/{encoded(connection_id)}"
        response = self._client.send(method, path, {}, data)
        if not 200 <= response.status < 300:
            kind = response.field("x-amzn-errortype").partition(":")[0]
            raise Refusal(response.status, kind, response.body[:200].decode("utf-8", "replace"))


class PostRequests:
    """Makes the signed requests of one fan-out. What they share is made once a second."""

    def __init__(self, endpoint: Endpoint, signer: Signer) -> None:
        self._host = endpoint.host
        self._path = f"{endpoint.path}/@connections/"
        self._canonical = canonical_path(self._path)
        self._signer = signer
        self._signing: Signing | None = None
        self._second = 0
        self._offset = 0.0
        self._data: bytes | None = None
        self._hash = ""

    def __call__(self, post: Post) -> bytes:
        second = int(time.monotonic())
        if self._signing is None or second != self._second:
            self._offset = self._signer.offset
            self._signing = self._signer.prepare({"host": self._host})
            self._second = second
        post.clock_offset = self._offset
        if post.data is not self._data:
            self._data, self._hash = post.data, hashed(post.data)
        name = encoded(post.connection_id)
        # An encoded name holds nothing else that is encoded again.
        target = Target(self._path + name, self._canonical + name.replace("%", "%25"))
        return request(self._signing, "POST", target, self._hash, post.data)

    def needs_new_signature(self, post: Post, response: HttpResponse) -> bool:
        """Return True if a post was refused because our clock was wrong.

        The clock is corrected then, and the post can be sent again.
        """
        if not refused_for_clock(response, self._signer, post.clock_offset):
            return False
        self._signing = None
        return True


def encoded(connection_id: ConnectionId) -> str:
    """Return a connection id encoded for a path, without the cost of `quote` where possible."""
    stem = connection_id.rstrip("=")
    encoded_stem = stem if stem.isascii() and stem.isalnum() else quote(stem, safe="")
    return encoded_stem + "%3D" * (len(connection_id) - len(stem))


def _signer(service: str, environ: Mapping[str, str]) -> Signer:
    return Signer(service, region(environ) or configured_region(), credentials(environ))

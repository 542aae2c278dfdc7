"""The JSON protocol of DynamoDB and SQS: one POST for each operation.

Described in the DynamoDB Developer Guide, "DynamoDB low-level API", and the Amazon SQS Developer
Guide, "Making query API requests using AWS JSON protocol". Attribute values stay typed JSON:
numbers are strings, `{"N": "12"}`, and so stay exact.
"""

import contextlib
import json
import zlib
from collections.abc import Mapping
from typing import Any

from chalicelib.aws.http.responses import HttpResponse
from chalicelib.aws.http.signed import SignedClient
from chalicelib.aws.refusals import NO_RESPONSE, Refusal
from chalicelib.aws.wire import Begun, raise_refusal

MAX_RESPONSE_BYTES = 32 * 1024 * 1024
"""The maximum response, in bytes. DynamoDB's largest is BatchGetItem's: 16 MB before JSON."""


class JsonService:
    """A `chalicelib.aws.wire.ServiceCall` over the lean HTTP client. Thread-safe."""

    def __init__(self, client: SignedClient, target: str) -> None:
        """`target` is the service's prefix in `X-Amz-Target`, such as `DynamoDB_20120810`."""
        self._client = client
        self._target = target

    def __call__(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        return self.begin(operation, request)()

    def begin(self, operation: str, request: Mapping[str, Any]) -> Begun:
        try:
            body = json.dumps(request, separators=(",", ":")).encode()
        except (TypeError, ValueError) as problem:
            refusal = Refusal(400, "SerializationException", str(problem))
            return lambda: raise_refusal(refusal)
        fields = {
            "content-type": "application/x-amz-json-1.0",
            "x-amz-target": f"{self._target}.{operation}",
        }
        sent = self._client.begin("POST", "/", fields, body)
        return lambda: _result(sent())

    def warm(self) -> None:
        """Open the connection that the first call will use, if possible."""
        with contextlib.suppress(OSError):
            self._client.warm()


def _result(response: HttpResponse) -> dict[str, Any]:
    if response.status == 200:
        return _object(response)
    try:
        document = _object(response)
    except Refusal:
        # A proxy or a load balancer responds with 5xx in HTML; the status says enough.
        raise Refusal(response.status, "", "") from None
    raise Refusal(
        response.status,
        str(document.get("__type", "")).rpartition("#")[2],
        str(document.get("message") or document.get("Message") or ""),
        _reasons(document.get("CancellationReasons")),
    )


def _reasons(document: object) -> list[str]:
    if not isinstance(document, list):
        return []
    return [str(reason.get("Code", "")) for reason in document if isinstance(reason, dict)]


def _object(response: HttpResponse) -> dict[str, Any]:
    """Return the JSON object of a response. Raises Refusal(NO_RESPONSE) for anything else."""
    checksum = response.field("x-amz-crc32")
    if checksum and checksum != str(zlib.crc32(response.body)):
        raise Refusal(NO_RESPONSE, "Corrupt", "the checksum of the response is wrong")
    try:
        document = json.loads(response.body)
    except (ValueError, RecursionError) as problem:
        raise Refusal(NO_RESPONSE, "Malformed", "the response is not JSON") from problem
    if not isinstance(document, dict):
        raise Refusal(NO_RESPONSE, "Malformed", "the response is not a JSON object")
    return document

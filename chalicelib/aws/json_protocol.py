"""The JSON protocol that DynamoDB and SQS speak: one POST for each operation.

Described in the DynamoDB Developer Guide, "DynamoDB low-level API", and the Amazon SQS Developer
Guide, "Making query API requests using AWS JSON protocol". Attribute values stay typed JSON:
numbers are strings, `{"N": "12"}`, and so stay exact.
"""

import contextlib
import json
import zlib
from collections.abc import Mapping
from typing import Any

from chalicelib.aws.http1 import HttpAnswer
from chalicelib.aws.refusals import NO_ANSWER, Refusal
from chalicelib.aws.signed import SignedClient

MOST_ANSWER = 32 * 1024 * 1024
"""Bytes; the largest that DynamoDB gives is a BatchGetItem's 16 MB of items, before JSON."""


class JsonService:
    """One try of an operation; what `chalicelib.aws.calls.Call` describes. Thread-safe."""

    def __init__(self, client: SignedClient, target: str) -> None:
        """`target` is the service's prefix in `X-Amz-Target`, such as `DynamoDB_20120810`."""
        self._client = client
        self._target = target

    def __call__(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        try:
            body = json.dumps(request, separators=(",", ":")).encode()
        except (TypeError, ValueError) as problem:
            raise Refusal(400, "SerializationException", str(problem)) from problem
        fields = {
            "content-type": "application/x-amz-json-1.0",
            "x-amz-target": f"{self._target}.{operation}",
        }
        return _judged(self._client.send("POST", "/", fields, body))

    def warm(self) -> None:
        """Opens the connection that the first call will use, if that can be done."""
        with contextlib.suppress(OSError):
            self._client.warm()


def _judged(answer: HttpAnswer) -> dict[str, Any]:
    if answer.status == 200:
        return _object(answer)
    try:
        told = _object(answer)
    except Refusal:
        # A proxy or a load balancer answers 5xx in HTML; the status says enough.
        raise Refusal(answer.status, "", "") from None
    raise Refusal(
        answer.status,
        str(told.get("__type", "")).rpartition("#")[2],
        str(told.get("message") or told.get("Message") or ""),
        _reasons(told.get("CancellationReasons")),
    )


def _reasons(told: object) -> list[str]:
    if not isinstance(told, list):
        return []
    return [str(reason.get("Code", "")) for reason in told if isinstance(reason, dict)]


def _object(answer: HttpAnswer) -> dict[str, Any]:
    """The JSON object of an answer. Raises Refusal(NO_ANSWER) for anything else."""
    checksum = answer.field("x-amz-crc32")
    if checksum and checksum != str(zlib.crc32(answer.body)):
        raise Refusal(NO_ANSWER, "Corrupt", "the checksum of the answer is wrong")
    try:
        told = json.loads(answer.body)
    except (ValueError, RecursionError) as problem:
        raise Refusal(NO_ANSWER, "Malformed", "the answer is not JSON") from problem
    if not isinstance(told, dict):
        raise Refusal(NO_ANSWER, "Malformed", "the answer is not a JSON object")
    return told

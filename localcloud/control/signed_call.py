"""The caller, service and operation of a request, from its signature and headers."""

import re
from dataclasses import dataclass

from aiohttp import web

_CREDENTIAL = re.compile(r"Credential=([^/,]+)/[^/]+/[^/]+/([^/]+)/aws4_request")
_READS = ("Describe", "Get", "List", "Query", "Scan", "BatchGet", "Receive")
_WRITES_DATA = (
    "BatchWriteItem",
    "ChangeMessageVisibility",
    "DeleteItem",
    "DeleteMessage",
    "PutItem",
    "SendMessage",
    "TransactWriteItems",
    "UpdateItem",
)


@dataclass(frozen=True)
class SignedCall:
    """A call of an AWS API; `operation` is `""` unless a header names it."""

    access_key_id: str
    service: str
    operation: str

    @property
    def changes(self) -> bool:
        """Return whether the call may change the control plane, by the name of its operation."""
        return not self.operation.startswith((*_READS, *_WRITES_DATA))


def signed_call(request: web.BaseRequest) -> SignedCall:
    """Read it from `request`; the key of an unsigned request is `""`."""
    match = _CREDENTIAL.search(request.headers.get("Authorization", ""))
    key, signed = match.groups() if match else ("", "")
    target, _, operation = request.headers.get("X-Amz-Target", "").rpartition(".")
    service = {"DynamoDB_20120810": "dynamodb", "AmazonSQS": "sqs"}.get(target, signed)
    return SignedCall(key, service, operation)

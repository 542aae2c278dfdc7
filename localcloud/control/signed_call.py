"""Who calls, and what: read from a request's signature and headers."""

import re
from dataclasses import dataclass

from aiohttp import web

_CREDENTIAL = re.compile(r"Credential=([^/,]+)/[^/]+/[^/]+/([^/]+)/aws4_request")
_READS = ("Describe", "Get", "List", "Query", "Scan", "BatchGet", "Receive")
_OF_DATA = (
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
    """One call: whose key, of which service, which operation where a header names it."""

    access_key_id: str
    service: str
    operation: str

    @property
    def changes(self) -> bool:
        """Whether the call may change the control plane, as far as its name says."""
        return not self.operation.startswith((*_READS, *_OF_DATA))


def signed_call(request: web.BaseRequest) -> SignedCall:
    """Reads it from `request`; who does not sign is nobody, `""`."""
    match = _CREDENTIAL.search(request.headers.get("Authorization", ""))
    key, signed = match.groups() if match else ("", "")
    target, _, operation = request.headers.get("X-Amz-Target", "").rpartition(".")
    service = {"DynamoDB_20120810": "dynamodb", "AmazonSQS": "sqs"}.get(target, signed)
    return SignedCall(key, service, operation)

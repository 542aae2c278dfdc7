"""DynamoDB behind the port of the stores: retries, and tokens that make a transaction repeatable.

The operations and their shapes: Amazon DynamoDB API Reference, 2012-08-10.
"""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib.aws.retry import Policy, Retries
from chalicelib.aws.wire import Begun, ServiceCall
from chalicelib.errors import UpstreamError
from chalicelib.stores.dynamodb import Operation, Outcome, PreparedCall

POLICY = Policy(tries=8, base=0.025, seconds=8.0)


class RetryingDynamoDB:
    """`chalicelib.stores.dynamodb.DynamoDB` over one of the wires. Thread-safe."""

    def __init__(self, call: ServiceCall, retries: Retries | None = None) -> None:
        self._call = call
        self._retries = retries or Retries(POLICY)

    def warm(self) -> None:
        """Open a connection for the first call, if possible. Never raises."""
        self._call.warm()

    def call(self, operation: Operation, request: Mapping[str, Any]) -> dict[str, Any]:
        request = _repeatable(operation, request)
        return self._retries.run(lambda: self._call(operation, request))

    def call_all(self, calls: Sequence[PreparedCall]) -> list[Outcome]:
        repeatable = [(operation, _repeatable(operation, request)) for operation, request in calls]
        on_their_way = [self._call.begin(*call) for call in repeatable]
        return [
            self._outcome(begun, call) for begun, call in zip(on_their_way, repeatable, strict=True)
        ]

    def _outcome(self, begun: Begun, call: PreparedCall) -> Outcome:
        """Wait for the response of a first try, and retry this call by itself."""
        try:
            return self._retries.run(lambda: self._call(*call), first=begun)
        except UpstreamError as error:
            return error


def _repeatable(operation: Operation, request: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a request that may be sent again after a lost response.

    A transaction's token is valid for ten minutes.
    """
    if operation == "TransactWriteItems":
        return {"ClientRequestToken": os.urandom(16).hex(), **request}
    return request

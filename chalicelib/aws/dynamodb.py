"""DynamoDB behind the port of the stores: retries, and tokens that make a transaction repeatable.

The operations and their shapes: Amazon DynamoDB API Reference, 2012-08-10.
"""

import os
from collections.abc import Mapping
from typing import Any

from chalicelib.aws.retry import Policy, Retries
from chalicelib.aws.wire import ServiceCall
from chalicelib.stores.dynamodb import Operation

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
        if operation == "TransactWriteItems":
            # A retry after a lost response must not be carried out twice (valid for ten minutes).
            request = {"ClientRequestToken": os.urandom(16).hex(), **request}
        return self._retries.run(lambda: self._call(operation, request))

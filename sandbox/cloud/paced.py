"""Calls of DynamoDB that take the time of the physics in force, on an event loop.

A call arrives after `dynamodb_ms` and is carried out; a transaction then holds its items for
`transaction_ms` before it writes. Nothing blocks: other calls are carried out meanwhile, and may
meet a transaction. Both times are real ones, whatever moves the stack's clock.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec

from sandbox.conditions.physics import PhysicsSource
from sandbox.dynamodb.model.errors import DynamoDBError
from sandbox.dynamodb.service import DynamoDB

Answer = tuple[int, str]
"""Status and body of an HTTP response."""


class PacedDynamoDB:
    """Carries out calls at once where physics are off, and otherwise later."""

    def __init__(self, dynamodb: DynamoDB, physics: PhysicsSource) -> None:
        self._dynamodb = dynamodb
        self._physics = physics

    @property
    def takes_time(self) -> bool:
        """Whether a call takes time now."""
        physics = self._physics()
        return bool(physics.dynamodb_ms or physics.transaction_ms)

    def call(self, operation: str, body: dict[str, Any]) -> Answer:
        """Carry out a call at this instant."""
        return _answer(lambda: self._dynamodb.call(operation, body))

    async def call_in_time(self, operation: str, body: dict[str, Any]) -> Answer:
        """Carry out a call in the time that it takes. A transaction is taken in its two steps."""
        physics = self._physics()
        if physics.dynamodb_ms:
            await asyncio.sleep(physics.dynamodb_ms / 1000)
        if operation != "TransactWriteItems" or not physics.transaction_ms:
            return self.call(operation, body)
        try:
            held = self._dynamodb.hold(body)
        except DynamoDBError as refusal:
            return _refused(refusal)
        try:
            await asyncio.sleep(physics.transaction_ms / 1000)
        except asyncio.CancelledError:
            held.release()
            raise
        return _answer(held.write)


def _answer(call: Callable[[], dict[str, Any]]) -> Answer:
    try:
        return 200, msgspec.json.encode(call()).decode()
    except DynamoDBError as refusal:
        return _refused(refusal)


def _refused(refusal: DynamoDBError) -> Answer:
    return refusal.status, msgspec.json.encode(refusal.to_json()).decode()

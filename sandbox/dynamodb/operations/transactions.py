"""TransactWriteItems, in two steps that can be taken apart: decide and hold, then apply.

Rules: Developer Guide, "Amazon DynamoDB Transactions: How it works".
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from sandbox.dynamodb.model.errors import (
    DynamoDBError,
    ItemError,
    Reason,
    cancelled,
    invalid,
    reason_of,
)
from sandbox.dynamodb.model.storage import Change, Tables
from sandbox.dynamodb.operations.holds import Place
from sandbox.dynamodb.operations.requests import Request, check_length, check_parameters
from sandbox.dynamodb.operations.writes import Write, prepare_write

MAX_ITEMS = 100
MAX_BYTES = 4 * 1024 * 1024
MAX_TOKEN = 36
TOKEN_MILLIS = 10 * 60 * 1000
"""The time for which a ClientRequestToken makes a transaction idempotent."""
_NO_REASON = Reason()


@dataclass(slots=True)
class TransactWrite:
    """Writes to different items, all of which happen or none."""

    writes: list[Write | ItemError]
    """Each write, or why it can never be made."""
    token: str | None
    digest: bytes
    """The same for requests that are the same."""

    @property
    def places(self) -> list[Place]:
        """The items that it writes or checks."""
        return [write.place for write in self.writes if isinstance(write, Write)]

    def decide(self, decide: Callable[[Write], Change]) -> list[Change]:
        """Return the changes that the transaction makes now, without making them.

        Each item accepts or refuses its write for itself, by `decide`.

        Raises:
            DynamoDBError: TransactionCanceledException, with a reason for each write.
        """
        changes, reasons = [], []
        for write in self.writes:
            try:
                if isinstance(write, ItemError):
                    raise write
                change = decide(write)
            except ItemError as refusal:
                reasons.append(reason_of(refusal))
            else:
                reasons.append(_NO_REASON)
                if write.kind != "ConditionCheck":
                    changes.append(change)
        if any(reason.code != _NO_REASON.code for reason in reasons):
            raise cancelled(reasons)
        if sum(change.new.size for change in changes if change.new) > MAX_BYTES:
            raise invalid("Collection size in transaction request cannot exceed 4MB")
        return changes


def prepare_transact_write(tables: Tables, request: Request) -> TransactWrite:
    """Check a TransactWriteItems. Raises DynamoDBError."""
    check_parameters(request, "TransactWriteItemsInput")
    items = request.get("TransactItems") or ()
    check_length("transactItems", items, MAX_ITEMS)
    writes: list[Write | ItemError] = []
    for item in items:
        if len(item) != 1:
            raise invalid("TransactItems can only contain one of Check, Put, Update or Delete")
        ((kind, body),) = item.items()
        try:
            writes.append(prepare_write(tables, kind, body, is_alone=False))
        except ItemError as refusal:
            writes.append(refusal)
    token = request.get("ClientRequestToken")
    transaction = TransactWrite(writes, token, _digest(request) if token else b"")
    places = transaction.places
    if len(set(places)) < len(places):
        raise invalid("Transaction request cannot include multiple operations on one item")
    if token is not None and not 1 <= len(token) <= MAX_TOKEN:
        raise invalid("A ClientRequestToken has 1 to 36 characters")
    return transaction


class Tokens:
    """The tokens of transactions that were carried out, for ten minutes of `clock`."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._known: dict[str, tuple[int, bytes]] = {}

    def is_repeated(self, transaction: TransactWrite) -> bool:
        """Return whether the transaction was carried out already.

        Raises:
            DynamoDBError: IdempotentParameterMismatchException, another one has its token.
        """
        self._forget()
        if transaction.token not in self._known:
            return False
        if self._known[transaction.token][1] != transaction.digest:
            text = "Request parameters do not match those of the token's first request"
            raise DynamoDBError("IdempotentParameterMismatchException", text)
        return True

    def keep(self, transaction: TransactWrite) -> None:
        """Remember a transaction that was carried out."""
        if transaction.token:
            until = self._clock() + TOKEN_MILLIS
            self._known[transaction.token] = (until, transaction.digest)

    def _forget(self) -> None:
        now = self._clock()
        while self._known:
            oldest = next(iter(self._known))
            if self._known[oldest][0] > now:
                return
            del self._known[oldest]


def _digest(request: Request) -> bytes:
    content = msgspec.json.encode(request["TransactItems"], order="deterministic")
    return hashlib.sha256(content).digest()

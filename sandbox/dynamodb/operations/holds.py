"""The items that transactions hold between being accepted and being written.

Rules: Developer Guide, "Amazon DynamoDB Transactions: How it works", "Transaction conflict handling
in DynamoDB" (`transaction-apis.html`). DynamoDB does not queue: what meets a held item is refused.
"""

from collections.abc import Callable, Iterable, Sequence

from sandbox.dynamodb.model.errors import ConflictError, DynamoDBError
from sandbox.dynamodb.model.schema import Key
from sandbox.dynamodb.operations.requests import Answer

Place = tuple[str, Key]
"""Where an item is: the name of its table, and its key there."""


class Holds:
    """The places that are held, and the tokens of the transactions that hold them."""

    def __init__(self) -> None:
        self._places: set[Place] = set()
        self._tokens: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self._places)

    def __contains__(self, place: Place) -> bool:
        return place in self._places

    def check(self, place: Place) -> None:
        """Raise TransactionConflictException if `place` is held: a plain write is rejected."""
        if place in self._places:
            raise ConflictError

    def check_token(self, token: str | None) -> None:
        """Raise TransactionInProgressException if the transaction with this token holds items."""
        if token in self._tokens:
            raise DynamoDBError(
                "TransactionInProgressException",
                "The transaction with the given request token is already in progress",
            )

    def take(self, places: Iterable[Place], token: str | None) -> None:
        """Hold `places`, none of which is held."""
        self._places.update(places)
        if token is not None:
            self._tokens.add(token)

    def drop(self, places: Iterable[Place], token: str | None) -> None:
        """Hold `places` no longer."""
        self._places.difference_update(places)
        self._tokens.discard(token or "")


class HeldTransaction:
    """A transaction that was accepted: it holds its items, and has written nothing yet.

    Until `write` or `release`, another transaction over one of its items is cancelled
    (`TransactionConflict`), a plain write to one is refused (`TransactionConflictException`), and
    reads return the state before. It ends once; a second end does nothing.
    """

    def __init__(self, places: Sequence[Place], end: Callable[[bool], None]) -> None:
        self.places = frozenset(places)
        """The items that it holds: name of the table, and key."""
        self._end: Callable[[bool], None] | None = end

    def write(self) -> Answer:
        """Make the changes, release the items, and return the response."""
        self._finish(written=True)
        return {}

    def release(self) -> None:
        """Release the items without a change, as if their coordinator had failed."""
        self._finish(written=False)

    def _finish(self, *, written: bool) -> None:
        end, self._end = self._end, None
        if end is not None:
            end(written)

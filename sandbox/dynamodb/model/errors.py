"""The refusals of DynamoDB (API Reference, "Common Errors" and the errors of each operation)."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

PREFIX = "com.amazonaws.dynamodb.v20120810#"


class Reason(NamedTuple):
    """The cancellation reason of one item of a transaction; code "None" if it was not refused."""

    code: str = "None"
    message: str | None = None
    item: Mapping[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the entry of `CancellationReasons`."""
        named = {"Code": self.code, "Message": self.message, "Item": self.item}
        return {name: value for name, value in named.items() if value is not None}


class DynamoDBError(Exception):
    """A refusal: its code, its message, and what else the response says."""

    status = 400

    def __init__(
        self,
        code: str,
        message: str,
        *,
        item: Mapping[str, Any] | None = None,
        reasons: Sequence[Reason] = (),
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.item = item
        self.reasons = tuple(reasons)

    def to_json(self) -> dict[str, Any]:
        """Return the body of the HTTP response."""
        body: dict[str, Any] = {"__type": PREFIX + self.code, "message": self.message}
        if self.item is not None:
            body["Item"] = self.item
        if self.reasons:
            body["CancellationReasons"] = [reason.to_json() for reason in self.reasons]
        return body


class ItemError(DynamoDBError):
    """An operation that its item refuses; in a transaction it is the reason of a cancellation."""


class ConditionFailedError(ItemError):
    """A condition that is false; `item` is what was there, if the request asked for it."""

    def __init__(self, item: Mapping[str, Any] | None) -> None:
        text = "The conditional request failed"
        super().__init__("ConditionalCheckFailedException", text, item=item)


class ConflictError(ItemError):
    """A write to an item that a transaction holds (API Reference, TransactionConflictException)."""

    def __init__(self) -> None:
        text = "Operation was rejected because there is an ongoing transaction for the item"
        super().__init__("TransactionConflictException", text)


class ThrottledError(ItemError):
    """A call over the throughput of a partition of an on-demand table or index.

    Codes and texts: API Reference, ThrottlingException, ThrottlingReason, CancellationReasons
    ("This message is returned when writes get throttled on an On-Demand table").
    """

    def __init__(self, resource: str, operation: str) -> None:
        """`resource` is Table or Index, `operation` Read or Write."""
        text = (
            "Throughput exceeds the current capacity of your table or index. DynamoDB is "
            "automatically scaling your table or index so please try again shortly. If exceptions "
            "persist, check if you have a hot key: https://docs.aws.amazon.com/amazondynamodb/"
            "latest/developerguide/bp-partition-key-design.html"
        )
        super().__init__("ThrottlingException", text)
        self.throttling_reason = f"{resource}{operation}KeyRangeThroughputExceeded"

    def to_json(self) -> dict[str, Any]:
        return super().to_json() | {"throttlingReasons": [{"reason": self.throttling_reason}]}


def invalid(message: str) -> DynamoDBError:
    """Return a ValidationException."""
    return DynamoDBError("ValidationException", message)


def invalid_parameter(message: str) -> ItemError:
    """Return a ValidationException about the value of a parameter."""
    return invalid_for_item(f"One or more parameter values were invalid: {message}")


def invalid_for_item(message: str) -> ItemError:
    """Return a ValidationException about one item."""
    return ItemError("ValidationException", message)


def malformed(message: str) -> DynamoDBError:
    """Return the refusal of JSON that has another shape than the API reference."""
    return DynamoDBError("SerializationException", message)


def reason_of(refusal: ItemError) -> Reason:
    """Return the cancellation reason of a transaction that `refusal` cancels."""
    match refusal:
        case ConditionFailedError():
            return Reason("ConditionalCheckFailed", refusal.message, refusal.item)
        case ConflictError():
            return Reason("TransactionConflict", "Transaction is ongoing for the item")
        case ThrottledError():
            return Reason("ThrottlingError", refusal.message)
    return Reason("ValidationError", refusal.message)


def cancelled(reasons: Sequence[Reason]) -> DynamoDBError:
    """Return the refusal of a transaction; `reasons` has one for each of its items, in order."""
    codes = ", ".join(reason.code for reason in reasons)
    text = (
        f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]"
    )
    return DynamoDBError("TransactionCanceledException", text, reasons=reasons)

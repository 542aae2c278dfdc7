"""Prepared calls to DynamoDB: an action may let those of several stores go out together."""

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar, overload

from msgspec import Struct

from chalicelib.errors import UpstreamError
from chalicelib.stores.dynamodb import DynamoDB, Operation, Outcome

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
T = TypeVar("T")
U = TypeVar("U")


class Call(Struct, Generic[T], frozen=True):
    """One call, what makes a result of its response, and perhaps what makes one of an error."""

    operation: Operation
    request: dict[str, Any]
    read: Callable[[dict[str, Any]], T]
    rescue: Callable[[UpstreamError], T] | None = None

    def then(self, change: Callable[[T], U]) -> "Call[U]":
        """Return the call with `change` applied to its result."""
        read, rescue = self.read, self.rescue
        return Call(
            self.operation,
            self.request,
            lambda response: change(read(response)),
            rescue and (lambda error: change(rescue(error))),
        )

    def rescued(self, rescue: Callable[[UpstreamError], T]) -> "Call[T]":
        """Return the call with `rescue` making the result of an error, or raising another."""
        return Call(self.operation, self.request, self.read, rescue)

    def result(self, outcome: Outcome) -> T:
        """Return the result of an outcome. Raises UpstreamError, unless it is rescued.

        What `read` raises, as it may read further pages, is rescued too.
        """
        try:
            if isinstance(outcome, UpstreamError):
                raise outcome
            return self.read(outcome)
        except UpstreamError as error:
            if self.rescue is None:
                raise
            return self.rescue(error)


def carry_out(dynamodb: DynamoDB, call: Call[T]) -> T:
    """Carry out one call by itself. Raises UpstreamError, unless it is rescued."""
    try:
        response = dynamodb.call(call.operation, call.request)
    except UpstreamError as error:
        return call.result(error)
    return call.result(response)


class Together:
    """Lets prepared calls go out together; they take as long as the slowest of them."""

    def __init__(self, dynamodb: DynamoDB) -> None:
        self._dynamodb = dynamodb

    @overload
    def __call__(self, a: Call[A], /) -> tuple[A]: ...
    @overload
    def __call__(self, a: Call[A], b: Call[B], /) -> tuple[A, B]: ...
    @overload
    def __call__(self, a: Call[A], b: Call[B], c: Call[C], /) -> tuple[A, B, C]: ...
    @overload
    def __call__(self, a: Call[A], b: Call[B], c: Call[C], d: Call[D], /) -> tuple[A, B, C, D]: ...
    def __call__(self, *calls: Call[Any]) -> tuple[Any, ...]:
        """Return the results in order. Any of the calls may be carried out first.

        Raises UpstreamError: the first of those that were not rescued. The other calls have been
        carried out all the same.
        """
        return self.each(calls)

    def each(self, calls: Sequence[Call[T]]) -> tuple[T, ...]:
        """Do the same with any number of calls of one kind."""
        outcomes = self._dynamodb.call_all([(call.operation, call.request) for call in calls])
        return tuple(call.result(outcome) for call, outcome in zip(calls, outcomes, strict=True))

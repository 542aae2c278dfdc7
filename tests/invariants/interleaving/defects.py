"""Defects to plant: DynamoDB gets what it would get if there were a mistake in the stores.

Most show only in a race. `test_planted.py` shows that the search of its pair finds each. The four
orders that `make test` plays of each pair find most, not all.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chalicelib.stores.dynamodb import DynamoDB, Operation, Outcome, PreparedCall, in_turn

Request = Mapping[str, Any]
Carry = Callable[[DynamoDB, Operation, Request], dict[str, Any]]


@dataclass
class Defect:
    """A mistake: `carry` carries out a call as it would be with it.

    `acts` are those that make a race of it. `made` counts the calls that were not as they should.
    """

    name: str
    acts: tuple[str, str]
    carry: Carry
    made: int = field(default=0, compare=False)


class Defective:
    """The stores' port in front of a real one, with a defect."""

    def __init__(self, real: DynamoDB, defect: Defect) -> None:
        self._real = real
        self._defect = defect

    def call(self, operation: Operation, request: Request) -> dict[str, Any]:
        return self._defect.carry(_Counting(self._real, self._defect, request), operation, request)

    def call_all(self, calls: Sequence[PreparedCall]) -> list[Outcome]:
        return in_turn(self.call, calls)


class _Counting:
    """The real port, which counts a call that is not the one that was asked for."""

    def __init__(self, real: DynamoDB, defect: Defect, request: Request) -> None:
        self._real = real
        self._defect = defect
        self._asked = request

    def call(self, operation: Operation, request: Request) -> dict[str, Any]:
        self._defect.made += request != self._asked
        return self._real.call(operation, request)

    def call_all(self, calls: Sequence[PreparedCall]) -> list[Outcome]:
        return in_turn(self.call, calls)


def unconditional(change: str, *clauses: str) -> Carry:
    """Return how writes are carried out whose update contains `change`, without some conditions.

    Each clause is made one that is always true, so that all names and values are still used.
    """

    def relaxed(write: Request) -> Request:
        condition = write.get("ConditionExpression", "")
        if change not in write.get("UpdateExpression", "DELETE"):
            return write
        for clause in clauses:
            condition = condition.replace(clause, f"({clause} OR NOT {clause})")
        return {**write, "ConditionExpression": condition} if condition else write

    return lambda real, operation, request: real.call(operation, _with_writes(request, relaxed))


def counted_apart(table: str, change: str) -> Carry:
    """Return how transactions are carried out of which writes to a table are not a part.

    Only those are taken apart that contain the update `change` too. The count comes first.
    """

    def carry(real: DynamoDB, operation: Operation, request: Request) -> dict[str, Any]:
        items = request.get("TransactItems", ())
        counts = [item for item in items if table in str(item)]
        others = [item for item in items if item not in counts]
        if not counts or change not in str(others):
            return real.call(operation, request)
        for number, part in enumerate((counts, others)):
            token = f"{request['ClientRequestToken'][:30]}{number}"
            real.call(operation, {"TransactItems": part, "ClientRequestToken": token})
        return {}

    return carry


def read_first(addition: str) -> Carry:
    """Return how updates that add one to `addition` are carried out by a read and a write."""

    def carry(real: DynamoDB, operation: Operation, request: Request) -> dict[str, Any]:
        expression = f"ADD {addition} :one"
        update = request.get("UpdateExpression", "")
        if not update.endswith(expression):
            return real.call(operation, request)
        key = {name: request[name] for name in ("TableName", "Key")}
        found: Any = real.call("GetItem", {**key, "ConsistentRead": True}).get("Item", {})
        for name in addition.split("."):
            path = request["ExpressionAttributeNames"][name]
            found = found.get("M", found).get(path, {})
        values = {
            **request["ExpressionAttributeValues"],
            ":one": {"N": str(int(found.get("N", 0)) + 1)},
        }
        others = update.removesuffix(expression).strip()
        changed = {"UpdateExpression": f"{others + ',' if others else 'SET'} {addition} = :one"}
        return real.call(operation, {**request, **changed, "ExpressionAttributeValues": values})

    return carry


def _with_writes(request: Request, change: Callable[[Request], Request]) -> Request:
    if "TransactItems" not in request:
        return change(request)
    items = [
        {kind: change(body) for kind, body in item.items()} for item in request["TransactItems"]
    ]
    return {**request, "TransactItems": items}


DEFECTS = [
    Defect(
        "a join does not look at the capacity",
        ("join the last seat", "join the last seat"),
        unconditional("#joins = #joins + :one", "#listenerCount < #capacity"),
    ),
    Defect(
        "a join takes a connection that is in a session",
        ("join", "join"),
        unconditional("#joinedPositions = :positions", "attribute_not_exists(#sessionId)"),
    ),
    Defect(
        "a leave counts in a write of its own",
        ("leave", "leave"),
        counted_apart("counts", "REMOVE #sessionId"),
    ),
    Defect(
        "a move does not look at the old connection",
        ("resume", "close of the listener with 1006"),
        unconditional(
            "SET #supersededBy = :new",
            "#sessionId = :session",
            "#targetLanguage = :language",
            "#shard = :shard",
        ),
    ),
    Defect(
        "a change of language does not look at the connection",
        ("change language", "leave"),
        unconditional(
            "SET #targetLanguage = :new",
            "#sessionId = :session",
            "#targetLanguage = :language",
            "#shard = :shard",
        ),
    ),
    Defect(
        "a seat does not know who holds it",
        ("resume after a close", "resume after a close"),
        unconditional("SET #holder = :holder", "#holder = :previous"),
    ),
    Defect(
        "an end does not look at the speaker",
        ("end", "refresh speaker"),
        unconditional("#endReason = :reason", "#speakerConnectionId = :speaker"),
    ),
    Defect(
        "a broadcast reads its position and then writes it",
        ("broadcast", "broadcast"),
        read_first("#streamPositions.#stream"),
    ),
    Defect(
        "a request is over twice",
        ("cancel request", "run request"),
        unconditional("SET #status = :new", "#status IN (:pending, :running)"),
    ),
]

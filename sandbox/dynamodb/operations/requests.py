"""The parameters of a request: which there may be, their placeholders, and their expressions."""

from collections.abc import Mapping, Sized
from functools import cache
from typing import Any

from botocore.loaders import create_loader

from sandbox.dynamodb.expressions.conditions import Condition, parse_condition
from sandbox.dynamodb.expressions.grammar import (
    Names,
    Used,
    Values,
    check_all_used,
    names_of,
)
from sandbox.dynamodb.expressions.projections import parse_projection
from sandbox.dynamodb.model.errors import invalid
from sandbox.dynamodb.model.paths import Path
from sandbox.dynamodb.model.values import canonical_attributes

Request = Mapping[str, Any]
Answer = dict[str, Any]

_LEGACY = frozenset(
    (
        "AttributesToGet",
        "AttributeUpdates",
        "ConditionalOperator",
        "Expected",
        "KeyConditions",
        "QueryFilter",
        "ScanFilter",
    )
)
"""Parameters from before there were expressions. They are refused."""
_EXPRESSIONS = frozenset(("ExpressionAttributeNames", "ExpressionAttributeValues"))


def check_parameters(request: Request, shape: str) -> None:
    """Raise ValidationException if a request has a parameter that its operation does not take.

    `shape` is the request's in AWS's description of the API: `GetItemInput`, `Put`, …
    """
    known = _parameters(shape)
    if not request.keys() <= known:
        unknown = ", ".join(sorted(request.keys() - known))
        raise invalid(f"the operation does not take {unknown}")


@cache
def _parameters(shape: str) -> frozenset[str]:
    return frozenset(_shapes()[shape]["members"]) - _LEGACY


@cache
def _shapes() -> Mapping[str, Any]:
    shapes: Mapping[str, Any] = create_loader().load_service_model("dynamodb", "service-2")[
        "shapes"
    ]
    return shapes


def check_length(parameter: str, items: Sized, most: int) -> None:
    """Raise ValidationException unless there are one to `most` items."""
    if not 1 <= len(items) <= most:
        wanted = "less than or equal to " + str(most) if items else "greater than or equal to 1"
        raise invalid(
            f"1 validation error detected: Value at '{parameter}' failed to satisfy constraint: "
            f"Member must have length {wanted}"
        )


class Placeholders:
    """The names and values of one request, and the expressions that use them."""

    __slots__ = ("_request", "_used", "names", "values")

    def __init__(self, request: Request) -> None:
        self._request = request
        self._used: list[Used] = []
        self.names: Names = names_of(request)
        values = request.get("ExpressionAttributeValues")
        self.values: Values = canonical_attributes(values) if values else {}

    def use(self, label: str, used: Used) -> None:
        """Note what an expression uses. Raises ValidationException if a value is missing."""
        used.check(label, self.values)
        self._used.append(used)

    def condition(self, label: str) -> Condition | None:
        """Parse the condition or filter that is the parameter `label`, if there is one."""
        text = self._request.get(label)
        if text is None:
            return None
        condition = parse_condition(label, text, self.names)
        self.use(label, condition.used)
        return condition

    def projection(self) -> tuple[Path, ...] | None:
        """Parse the projection, if there is one."""
        text = self._request.get("ProjectionExpression")
        if text is None:
            return None
        paths, used = parse_projection(text, self.names)
        self._used.append(used)
        return paths

    def check(self) -> None:
        """Raise ValidationException if the request has a placeholder that nothing uses."""
        if not _EXPRESSIONS.isdisjoint(self._request):
            check_all_used(self._request, *self._used)

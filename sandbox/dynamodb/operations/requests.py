"""The parameters of a request: which there may be, and how many of something."""

from collections.abc import Mapping, Sized
from functools import cache
from typing import Any

from botocore.loaders import create_loader

from sandbox.dynamodb.model.errors import invalid

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

"""Attribute values: their one canonical form, their order and their sizes.

Every value is brought into canonical form when it enters: numbers are normalised, sets are sorted,
containers are copied. So two values are equal if they compare equal as JSON, and nothing that is
stored can be changed by a caller. Rules: Developer Guide, "Supported data types and naming rules",
"Item sizes and formats"; limits: "Service, account, and table quotas".
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Context, Decimal
from typing import Any

from sandbox.dynamodb.model.errors import invalid, invalid_for_item, invalid_parameter, malformed

Value = Mapping[str, Any]
"""A typed value: `{"S": "text"}`, `{"N": "12"}`."""
Attributes = dict[str, Value]
"""An item: values by name. Never changed in place."""

MAX_ITEM_BYTES = 400 * 1024
MAX_DEPTH = 32
KINDS = frozenset(("S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"))
ORDERED = frozenset("SNB")
"""The types whose values have an order."""
SETS = frozenset(("SS", "NS", "BS"))

_DIGITS = 38
_SAFE = 10**_DIGITS
_LARGEST, _SMALLEST = 125, -130
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_EXACT = Context(prec=_DIGITS, Emax=10_000, Emin=-10_000)
_SET_NAMES = {"SS": "string", "NS": "number", "BS": "binary"}


def canonical_attributes(attributes: Any, depth: int = 1) -> Attributes:
    """Return a copy of `attributes` in canonical form. Raises ValidationException."""
    return {name: canonical(value, depth) for name, value in attributes.items()}


def canonical(value: Any, depth: int = 1) -> Value:
    """Return a copy of `value` in canonical form; `depth` is its level in the item, from 1.

    Raises:
        DynamoDBError: ValidationException, the value is malformed or out of range.
    """
    try:
        ((kind, content),) = value.items()
    except (AttributeError, ValueError):
        raise _not_one_type(value) from None
    convert = _CONVERT.get(kind)
    if convert is None:
        raise _not_one_type({})
    return {kind: convert(content, depth)}


def comparable(value: Value) -> Any:
    """Return a key that sorts a text, number or binary among those of its type."""
    ((kind, content),) = value.items()
    if kind == "S":
        return content  # by code point, which is the order of the UTF-8 bytes
    if kind == "N":
        return number(content)
    return base64.b64decode(content)


def number(text: str) -> int | Decimal:
    """Return the number that a canonical text stands for."""
    try:
        return int(text)
    except ValueError:
        return Decimal(text)


def number_value(amount: int | Decimal) -> Value:
    """Return a number as a value. Raises ValidationException where it is out of range."""
    if isinstance(amount, int) and -_SAFE < amount < _SAFE:
        return {"N": str(amount)}
    return {"N": _number(str(amount), 1)}


def add_numbers(first: Value, second: Value, sign: int = 1) -> Value:
    """Return `first` plus or minus `second`, both numbers. Raises ValidationException."""
    left, right = number(first["N"]), number(second["N"])
    if isinstance(left, int) and isinstance(right, int):
        return number_value(left + sign * right)
    exact = Context(prec=400)
    return number_value(exact.add(Decimal(left), exact.multiply(Decimal(sign), Decimal(right))))


def kind_of(value: Value) -> str:
    """Return the type of a value: `S`, `N`, …"""
    return next(iter(value))


def length(value: Value) -> int | None:
    """Return what `size(…)` gives: characters, bytes or elements; None for other types."""
    ((kind, content),) = value.items()
    if kind == "B":
        return len(base64.b64decode(content))
    return None if kind in ("N", "BOOL", "NULL") else len(content)


def size_of(attributes: Attributes) -> int:
    """Return the size of an item in bytes, as it counts for limits and capacity."""
    size = 0
    for name, value in attributes.items():
        size += len(name) if name.isascii() else len(name.encode())
        for kind, content in value.items():
            size += _SIZES[kind](content)
    return size


def sorted_set(kind: str, elements: Sequence[str]) -> list[str]:
    """Return the elements of a set in canonical order."""
    return sorted(elements, key=lambda each: comparable({kind[0]: each}))


def _not_one_type(value: object) -> Exception:
    problem = "has more than one datatypes set" if value else "is empty"
    return invalid(
        f"Supplied AttributeValue {problem}, must contain exactly one of the supported datatypes"
    )


def _string(content: Any, _: int) -> str:
    if not isinstance(content, str):
        raise malformed("a value of type S must be a string")
    return content


def _number(content: Any, _: int) -> str:
    if not isinstance(content, str):
        raise malformed("a value of type N must be a string")
    is_plain = content.isdigit() and content.isascii() and len(content) <= _DIGITS
    if is_plain and (content[0] != "0" or content == "0"):
        return content
    if not _NUMBER.fullmatch(content):
        raise invalid(f"The parameter cannot be converted to a numeric value: {content}")
    exact = Decimal(content)
    if not exact:
        return "0"
    if exact.adjusted() > _LARGEST:
        raise invalid(
            "Number overflow. Attempting to store a number with magnitude larger than "
            "supported range"
        )
    if exact.adjusted() < _SMALLEST:
        raise invalid(
            "Number underflow. Attempting to store a number with magnitude smaller than "
            "supported range"
        )
    digits = "".join(map(str, exact.as_tuple().digits)).strip("0")
    if len(digits) > _DIGITS:
        raise invalid("Attempting to store more than 38 significant digits in a Number")
    return format(exact.normalize(_EXACT), "f")


def _binary(content: Any, _: int) -> str:
    if isinstance(content, bytes):
        return base64.b64encode(content).decode()
    try:
        base64.b64decode(content, validate=True)
    except (TypeError, ValueError, binascii.Error):
        raise malformed("a value of type B must be a text in Base64") from None
    return str(content)


def _boolean(content: Any, _: int) -> bool:
    if not isinstance(content, bool):
        raise malformed("a value of type BOOL must be true or false")
    return content


def _null(content: Any, _: int) -> bool:
    if content is not True:
        raise invalid_parameter("Null attribute value types must have the value of true")
    return True


def _map(content: Any, depth: int) -> Attributes:
    _check_depth(content, depth)
    return canonical_attributes(content, depth + 1)


def _list(content: Any, depth: int) -> list[Value]:
    _check_depth(content, depth)
    return [canonical(each, depth + 1) for each in content]


def _check_depth(content: Any, depth: int) -> None:
    if depth >= MAX_DEPTH and content:
        raise invalid_for_item("Nesting Levels have exceeded supported limits")


def _set_of(kind: str) -> Callable[[Any, int], list[str]]:
    element = {"SS": _string, "NS": _number, "BS": _binary}[kind]

    def convert(content: Any, depth: int) -> list[str]:
        elements = [element(each, depth) for each in content]
        if not elements:
            raise invalid_parameter(f"An {_SET_NAMES[kind]} set  may not be empty")
        if len(set(elements)) < len(elements):
            listed = ", ".join(map(str, content))
            raise invalid_parameter(f"Input collection [{listed}] contains duplicates.")
        return sorted_set(kind, elements)

    return convert


_CONVERT: dict[str, Callable[[Any, int], Any]] = {
    "S": _string,
    "N": _number,
    "B": _binary,
    "BOOL": _boolean,
    "NULL": _null,
    "M": _map,
    "L": _list,
    **{kind: _set_of(kind) for kind in SETS},
}


def _string_size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def _number_size(text: str) -> int:
    digits = len(text.lstrip("-").replace(".", "").strip("0"))
    return (digits + 1) // 2 + 1 + (text[0] == "-")


def _binary_size(text: str) -> int:
    return len(text) * 3 // 4 - text[-2:].count("=")


def _list_size(elements: Sequence[Value]) -> int:
    size = 3 + len(elements)
    for element in elements:
        ((kind, content),) = element.items()
        size += _SIZES[kind](content)
    return size


_SIZES: dict[str, Callable[[Any], int]] = {
    "S": _string_size,
    "N": _number_size,
    "B": _binary_size,
    "BOOL": lambda _: 1,
    "NULL": lambda _: 1,
    "M": lambda content: 3 + len(content) + size_of(content),
    "L": _list_size,
    "SS": lambda content: sum(map(_string_size, content)),
    "NS": lambda content: sum(map(_number_size, content)),
    "BS": lambda content: sum(map(_binary_size, content)),
}

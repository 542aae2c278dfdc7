"""Conversion between Python values and DynamoDB's attribute values (API reference)."""

from collections.abc import Mapping
from typing import Any

AttributeValue = dict[str, Any]
Item = dict[str, Any]


def to_attribute(value: Any) -> AttributeValue:
    """Convert `12` to `{"N": "12"}`. Raises TypeError for a type that no item of ours has."""
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, str):
        return {"S": str(value)}
    if isinstance(value, int | float):
        return {"N": repr(value)}
    if isinstance(value, Mapping):
        return {"M": to_attributes(value)}
    if isinstance(value, frozenset):
        return {"SS": sorted(value)}
    if isinstance(value, list | tuple):
        return {"L": [to_attribute(each) for each in value]}
    raise TypeError(f"a {type(value).__name__} has no place in an item")


def to_attributes(item: Mapping[str, Any]) -> dict[str, AttributeValue]:
    """Convert a whole item. Entries that are None are left out."""
    return {name: to_attribute(value) for name, value in item.items() if value is not None}


def from_attribute(attribute: AttributeValue) -> Any:
    """Convert `{"N": "12"}` to `12`. Whole numbers become ints, others floats."""
    ((kind, value),) = attribute.items()
    if kind == "N":
        return _number(value)
    if kind == "M":
        return from_attributes(value)
    if kind == "SS":
        return sorted(value)
    if kind == "L":
        return [from_attribute(each) for each in value]
    return value


def from_attributes(item: Mapping[str, AttributeValue]) -> Item:
    return {name: from_attribute(value) for name, value in item.items()}


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        return float(text)

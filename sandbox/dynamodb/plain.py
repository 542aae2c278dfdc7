"""DynamoDB's typed items as plain JSON."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

_plain = TypeDeserializer()


def plain_item(typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return an item as plain JSON: `{"count": {"N": "1"}}` becomes `{"count": 1}`.

    A set becomes a sorted list.
    """
    return {name: _json(_plain.deserialize(value)) for name, value in typed.items()}


def _json(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dict):
        return {name: _json(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_json(each) for each in value]
    if isinstance(value, set):
        return sorted(map(_json, value))
    return value

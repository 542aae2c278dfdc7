"""DynamoDB's condition expressions, parsed once; see `expressions.py`."""

import functools
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from moto.dynamodb.models.dynamo_type import DynamoType

from sandbox.dynamodb.expressions import (
    Condition,
    NotSimpleError,
    Operand,
    Tokens,
    parse_path,
)

_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_SCALARS = ("S", "N", "B")


@dataclass(frozen=True)
class Parsed:
    """A condition and the placeholders that it uses."""

    holds: Condition
    placeholders: frozenset[str]


@functools.lru_cache(maxsize=1024)
def parse_condition(text: str) -> Parsed:
    """Parses a condition expression. Raises NotSimpleError."""
    tokens = Tokens(text)
    condition = _any_of(tokens)
    if tokens.next:
        raise NotSimpleError
    return Parsed(condition, frozenset(tokens.placeholders))


def _any_of(tokens: Tokens) -> Condition:
    parts = [_all_of(tokens)]
    while tokens.accept("OR"):
        parts.append(_all_of(tokens))
    return parts[0] if len(parts) == 1 else lambda scope: any(part(scope) for part in parts)


def _all_of(tokens: Tokens) -> Condition:
    parts = [_not(tokens)]
    while tokens.accept("AND"):
        parts.append(_not(tokens))
    return parts[0] if len(parts) == 1 else lambda scope: all(part(scope) for part in parts)


def _not(tokens: Tokens) -> Condition:
    if tokens.accept("NOT"):
        inner = _not(tokens)
        return lambda scope: not inner(scope)
    if tokens.accept("("):
        if tokens.next == "(":
            raise NotSimpleError  # DynamoDB refuses redundant parentheses
        inner = _any_of(tokens)
        tokens.expect(")")
        return inner
    return _function(tokens) or _comparison(tokens)


def _function(tokens: Tokens) -> Condition | None:
    if tokens.accept("ATTRIBUTE_EXISTS"):
        path = _argument(tokens)
        return lambda scope: path(scope) is not None
    if tokens.accept("ATTRIBUTE_NOT_EXISTS"):
        path = _argument(tokens)
        return lambda scope: path(scope) is None
    if tokens.accept("BEGINS_WITH"):
        tokens.expect("(")
        whole = _operand(tokens)
        tokens.expect(",")
        start = _operand(tokens)
        tokens.expect(")")
        return lambda scope: _begins_with(whole(scope), start(scope))
    return None


def _argument(tokens: Tokens) -> Operand:
    tokens.expect("(")
    path = parse_path(tokens)
    tokens.expect(")")
    return lambda scope: scope.at(path)


def _begins_with(whole: DynamoType | None, start: DynamoType | None) -> bool:
    if not start or start.type != "S":
        raise NotSimpleError
    return bool(whole and whole.type == "S" and whole.value.startswith(start.value))


def _comparison(tokens: Tokens) -> Condition:
    left = _operand(tokens)
    if tokens.accept("BETWEEN"):
        low = _operand(tokens)
        tokens.expect("AND")
        high = _operand(tokens)
        return lambda scope: _between(left(scope), low(scope), high(scope))
    if tokens.accept("IN"):
        tokens.expect("(")
        choices = [_operand(tokens)]
        while tokens.accept(","):
            choices.append(_operand(tokens))
        tokens.expect(")")
        return lambda scope: any(_equal(left(scope), choice(scope)) for choice in choices)
    sign, right = tokens.take(), _operand(tokens)
    if sign == "=":
        return lambda scope: _equal(left(scope), right(scope))
    if sign == "<>":
        return lambda scope: not _equal(left(scope), right(scope))
    if sign in _ORDER:
        compare = _ORDER[sign]
        return lambda scope: _ordered(left(scope), right(scope), compare)
    raise NotSimpleError


def _operand(tokens: Tokens) -> Operand:
    if tokens.next[:1] == ":":
        placeholder = tokens.take()
        return lambda scope: scope.value(placeholder)
    if tokens.accept("SIZE"):
        sized = _argument(tokens)
        return lambda scope: _size(sized(scope))
    if tokens.next.lower() in ("attribute_type", "contains"):
        raise NotSimpleError
    path = parse_path(tokens)
    return lambda scope: scope.at(path)


def _size(value: DynamoType | None) -> DynamoType | None:
    if value is None or not isinstance(value.value, str | list | dict) or value.is_number():
        return None
    return DynamoType({"N": str(len(value.value))})


def _equal(left: DynamoType | None, right: DynamoType | None) -> bool:
    if left is None or right is None:
        return False
    return bool(left == right)


def _ordered(
    left: DynamoType | None, right: DynamoType | None, compare: Callable[[Any, Any], bool]
) -> bool:
    if left is None or right is None or left.type != right.type or left.type not in _SCALARS:
        return False
    return compare(left.cast_value, right.cast_value)


def _between(value: DynamoType | None, low: DynamoType | None, high: DynamoType | None) -> bool:
    if low and high and low.type != high.type:
        raise NotSimpleError  # DynamoDB refuses that
    return _ordered(value, low, operator.ge) and _ordered(value, high, operator.le)

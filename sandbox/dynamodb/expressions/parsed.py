"""All expressions of one request, parsed once for each set of texts and names."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from sandbox.dynamodb.expressions.conditions import Condition, parse_condition
from sandbox.dynamodb.expressions.grammar import Check, Names, Used, Values
from sandbox.dynamodb.expressions.key_conditions import KeyCondition, parse_key_condition
from sandbox.dynamodb.expressions.projections import parse_projection
from sandbox.dynamodb.expressions.updates import Update, parse_update
from sandbox.dynamodb.model.errors import DynamoDBError, invalid
from sandbox.dynamodb.model.paths import Path
from sandbox.dynamodb.model.values import canonical_attributes

_NAMES, _VALUES = "ExpressionAttributeNames", "ExpressionAttributeValues"
_CONDITION, _FILTER = "ConditionExpression", "FilterExpression"


class Expressions(NamedTuple):
    """The expressions of a request, each None if the request lacks it, and what they use."""

    condition: Condition | None
    filter: Condition | None
    key_condition: KeyCondition | None
    update: Update | None
    projection: tuple[Path, ...] | None
    used: tuple[Used, ...]
    names: frozenset[str]
    values: frozenset[str]
    checks: tuple[Check, ...]

    def check(self, request: Mapping[str, Any], values: Values) -> None:
        """Raise ValidationException unless the request has the placeholders that are used.

        `values` are its values in canonical form; those that have a type which their place refuses
        are refused too.
        """
        for parameter, used in ((_NAMES, self.names), (_VALUES, self.values)):
            given = request.get(parameter)
            if (given is not None or used) and not (given and given.keys() == used):
                raise self._mismatch(parameter, given or {}, used)
        for check in self.checks:
            check(values)

    def _mismatch(
        self, parameter: str, given: Mapping[str, Any], used: frozenset[str]
    ) -> DynamoDBError:
        if not self.used:
            return invalid(f"{parameter} can only be specified when using expressions")
        if missing := used - given.keys():
            label = next(each.label for each in self.used if missing & each.values)
            return invalid(
                f"Invalid {label}: An expression attribute value used in expression is not "
                f"defined; attribute value: {min(missing)}"
            )
        if not given:
            return invalid(f"{parameter} must not be empty")
        listed = ", ".join(sorted(given.keys() - used))
        return invalid(f"Value provided in {parameter} unused in expressions: keys: {{{listed}}}")


def read_expressions(request: Mapping[str, Any]) -> tuple[Expressions, Values]:
    """Return the expressions of a request, and its values. Raises ValidationException."""
    get = request.get
    names, values = get(_NAMES), get(_VALUES)
    expressions = _parse(
        tuple(names.items()) if names else (),
        get(_CONDITION),
        get(_FILTER),
        get("KeyConditionExpression"),
        get("UpdateExpression"),
        get("ProjectionExpression"),
    )
    canonical: Values = canonical_attributes(values) if values else {}
    expressions.check(request, canonical)
    return expressions, canonical


@lru_cache(maxsize=4096)
def _parse(
    names: Names,
    condition: str | None,
    filter_: str | None,
    key_condition: str | None,
    update: str | None,
    projection: str | None,
) -> Expressions:
    condition_ = None if condition is None else parse_condition(_CONDITION, condition, names)
    filtered = None if filter_ is None else parse_condition(_FILTER, filter_, names)
    keys = None if key_condition is None else parse_key_condition(key_condition, names)
    updated = None if update is None else parse_update(update, names)
    parsed = [each for each in (condition_, filtered, keys, updated) if each is not None]
    used = [each.used for each in parsed]
    shown = None
    if projection is not None:
        shown, used_by_projection = parse_projection(projection, names)
        used.append(used_by_projection)
    return Expressions(
        condition_,
        filtered,
        keys,
        updated,
        shown,
        tuple(used),
        frozenset().union(*(each.names for each in used)),
        frozenset().union(*(each.values for each in used)),
        tuple(check for each in used for check in each.checks),
    )

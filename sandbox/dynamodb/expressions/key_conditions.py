"""Key conditions of queries, which become bounds of what is read.

Grammar: API Reference, Query, `KeyConditionExpression`.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, NamedTuple

from sandbox.dynamodb.expressions.grammar import Names, Parser, Used, Values
from sandbox.dynamodb.model.errors import invalid, invalid_parameter
from sandbox.dynamodb.model.schema import KeySchema
from sandbox.dynamodb.model.values import comparable, kind_of

SortKey = tuple[Any, ...]

_LABEL = "KeyConditionExpression"
_COMPARATORS = ("=", "<", "<=", ">", ">=")
_NOT_SUPPORTED = "Query key condition not supported"
_first = itemgetter(0)


class Term(NamedTuple):
    """One condition on one key attribute; `operator` is a sign, BETWEEN or begins_with."""

    attribute: str
    operator: str
    placeholders: tuple[str, ...]


@dataclass(frozen=True)
class KeyCondition:
    """One value of the hash key and, possibly, a range of the range key."""

    terms: tuple[Term, ...]
    used: Used

    def check(self, keys: KeySchema, types: Mapping[str, str], values: Values) -> None:
        """Raise ValidationException unless the terms are about the keys, and of their types."""
        if not any(term.attribute == keys.partition for term in self.terms):
            raise invalid(f"Query condition missed key schema element: {keys.partition}")
        for term in self.terms:
            if term.attribute not in keys.names:
                missed = keys.range or term.attribute
                raise invalid(f"Query condition missed key schema element: {missed}")
            if term.attribute == keys.partition and term.operator != "=":
                raise invalid(_NOT_SUPPORTED)
            for name in term.placeholders:
                self._check_value(term, types[term.attribute], values[name])
        self._check_bounds(values)

    def hash_value(self, keys: KeySchema, values: Values) -> Any:
        """Return the hash key to look for, as it is compared."""
        term = next(each for each in self.terms if each.attribute == keys.partition)
        return comparable(values[term.placeholders[0]])

    def select(
        self, keys: KeySchema, order: Sequence[SortKey], values: Values
    ) -> Sequence[SortKey]:
        """Return the part of a partition's `order` whose range keys are as wanted."""
        term = next((each for each in self.terms if each.attribute == keys.range), None)
        if term is None:
            return order
        low, high = (comparable(values[term.placeholders[at]]) for at in (0, -1))
        at_low = bisect_left(order, low, key=_first)
        if term.operator == "begins_with":
            return _while_begins_with(order, at_low, low)
        after_high = bisect_right(order, high, key=_first)
        slices = {
            "<": slice(at_low),
            "<=": slice(after_high),
            ">": slice(after_high, None),
            ">=": slice(at_low, None),
        }
        return order[slices.get(term.operator, slice(at_low, after_high))]

    def _check_value(self, term: Term, wanted: str, value: Any) -> None:
        if kind_of(value) != wanted:
            raise invalid_parameter("Condition parameter type does not match schema type")
        if not value[wanted]:
            raise invalid(
                "One or more parameter values are not valid. The AttributeValue for a key "
                f"attribute cannot contain an empty string value. Key: {term.attribute}"
            )
        if term.operator == "begins_with" and wanted == "N":
            raise invalid(
                f"Invalid {_LABEL}: Incorrect operand type for operator or function; operator "
                "or function: begins_with, operand type: N"
            )

    def _check_bounds(self, values: Values) -> None:
        for term in self.terms:
            if term.operator == "BETWEEN":
                low, high = (comparable(values[name]) for name in term.placeholders)
                if low > high:
                    raise invalid(
                        f"Invalid {_LABEL}: The BETWEEN operator requires upper bound to be "
                        "greater than or equal to lower bound"
                    )


def _while_begins_with(order: Sequence[SortKey], first: int, start: Any) -> Sequence[SortKey]:
    end = first
    while end < len(order) and order[end][0].startswith(start):
        end += 1
    return order[first:end]


def parse_key_condition(text: str, names: Names) -> KeyCondition:
    """Parse a key condition. Raises ValidationException."""
    parser = _KeyConditionParser(_LABEL, text, names)
    terms = parser.terms()
    parser.end()
    attributes = [term.attribute for term in terms]
    if len(set(attributes)) < len(attributes):
        raise parser.problem("KeyConditionExpressions must only contain one condition per key")
    if len(terms) > 2:
        raise invalid("Conditions can be of length 1 or 2 only")
    return KeyCondition(tuple(terms), parser.used())


class _KeyConditionParser(Parser):
    def terms(self) -> list[Term]:
        """Take conditions that are joined by AND, each in parentheses or not."""
        terms = self._group()
        while self.accept("AND"):
            terms += self._group()
        return terms

    def _group(self) -> list[Term]:
        if self.accept("("):
            terms = self.terms()
            self.expect(")")
            return terms
        return [self._term()]

    def _term(self) -> Term:
        if self.accept_function("begins_with"):
            attribute = self._attribute()
            self.expect(",")
            start = self.placeholder()
            self.expect(")")
            return Term(attribute, "begins_with", (start,))
        if self.next.upper() == "NOT":
            raise invalid(_NOT_SUPPORTED)
        attribute = self._attribute()
        if self.accept("BETWEEN"):
            low = self.placeholder()
            self.expect("AND")
            return Term(attribute, "BETWEEN", (low, self.placeholder()))
        if self.next not in _COMPARATORS:
            if self.next == "<>" or self.next.upper() == "IN":
                raise self.problem(f"Invalid operator used in {_LABEL}: {self.next}")
            raise self.syntax_error()
        operator = self.take()
        return Term(attribute, operator, (self.placeholder(),))

    def _attribute(self) -> str:
        path = self.path()
        if len(path) > 1:
            raise self.problem(f"{_LABEL}s cannot have conditions on nested attributes")
        return str(path[0])

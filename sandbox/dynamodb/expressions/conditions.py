"""Condition and filter expressions.

Grammar and meaning: Developer Guide, "Condition and filter expressions, operators, and functions".
"""

import operator
from collections.abc import Callable
from typing import Any, NamedTuple

from sandbox.dynamodb.expressions.grammar import Check, Names, Operand, Parser, Used, Values
from sandbox.dynamodb.model.paths import Path
from sandbox.dynamodb.model.values import (
    KINDS,
    ORDERED,
    SETS,
    Attributes,
    Value,
    comparable,
    kind_of,
)

Test = Callable[[Attributes, Values], bool]

MAX_CHOICES = 100
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_TEXTS = frozenset("SB")
_STRING = frozenset("S")


class Condition(NamedTuple):
    """A parsed condition: whether it holds for an item, and the placeholders and paths in it."""

    holds: Test
    used: Used
    paths: tuple[Path, ...]


def parse_condition(label: str, text: str, names: Names) -> Condition:
    """Parse a condition or a filter. Raises ValidationException."""
    parser = _ConditionParser(label, text, names)
    holds = parser.any_of()
    parser.end()
    return Condition(holds, parser.used(), tuple(parser.paths))


class _ConditionParser(Parser):
    """Recursive descent: OR, AND, NOT, then parentheses, functions and comparisons."""

    def __init__(self, label: str, text: str, names: Names) -> None:
        super().__init__(label, text, names)
        self.paths: list[Path] = []
        self._groups: dict[int, int] = {}
        """Where each pair of parentheses begins and ends, by the tokens inside."""

    def path(self) -> Path:
        self.paths.append(super().path())
        return self.paths[-1]

    def any_of(self) -> Test:
        parts = [self._all_of()]
        while self.accept("OR"):
            parts.append(self._all_of())
        if len(parts) == 1:
            return parts[0]
        return lambda attributes, values: any(part(attributes, values) for part in parts)

    def _all_of(self) -> Test:
        parts = [self._not()]
        while self.accept("AND"):
            parts.append(self._not())
        if len(parts) == 1:
            return parts[0]
        if len(parts) == 2:
            first, second = parts
            return lambda attributes, values: (
                first(attributes, values) and second(attributes, values)
            )
        return lambda attributes, values: all(part(attributes, values) for part in parts)

    def _not(self) -> Test:
        if self.accept("NOT"):
            inner = self._not()
            return lambda attributes, values: not inner(attributes, values)
        if self.accept("("):
            return self._group()
        return self._function() or self._comparison()

    def _group(self) -> Test:
        """Take the rest of `( … )`. Raises ValidationException for `(( … ))`."""
        start = self._at
        inner = self.any_of()
        self._groups[start] = self._at
        if self._groups.get(start + 1) == self._at - 1:
            raise self.problem("The expression has redundant parentheses;")
        self.expect(")")
        return inner

    def _function(self) -> Test | None:
        if self.accept_function("attribute_exists"):
            found = self._only_path()
            return lambda attributes, values: found.get(attributes, values) is not None
        if self.accept_function("attribute_not_exists"):
            missing = self._only_path()
            return lambda attributes, values: missing.get(attributes, values) is None
        if self.accept_function("begins_with"):
            whole, start = self._two_arguments("begins_with")
            self.require(start.placeholder, "begins_with", _TEXTS)
            return _both(whole, start, _begins_with)
        if self.accept_function("contains"):
            container, element = self._two_arguments("contains")
            return _both(container, element, _contains)
        if self.accept_function("attribute_type"):
            typed, kind = self._two_arguments("attribute_type")
            self.require(kind.placeholder, "attribute_type", _STRING)
            if kind.placeholder is None:
                raise self.problem("attribute_type takes a value as its second argument")
            self.checks.append(self._check_type_name(kind.placeholder))
            return _both(typed, kind, lambda value, name: name["S"] in value)
        return None

    def _only_path(self) -> Operand:
        if self.next[:1] == ":":
            raise self.problem(
                "Operator or function requires a document path; operator or function: "
                "attribute_exists"
            )
        operand = self.operand()
        self.expect(")")
        return operand

    def _two_arguments(self, function: str) -> tuple[Operand, Operand]:
        first = self._sized_operand()
        self.expect(",")
        second = self._sized_operand()
        self.expect(")")
        self._check_distinct(function, first, second)
        return first, second

    def _sized_operand(self) -> Operand:
        return self.size() if self.accept_function("size") else self.operand()

    def _comparison(self) -> Test:
        left = self._sized_operand()
        if self.accept("BETWEEN"):
            return self._between(left)
        if self.accept("IN"):
            return self._one_of(left)
        sign = self.next
        if sign not in _ORDER and sign not in ("=", "<>"):
            raise self.syntax_error()
        self.take()
        right = self._sized_operand()
        self._check_distinct(sign, left, right)
        if sign == "=":
            return _equal(left, right)
        if sign == "<>":
            equal = _equal(left, right)
            return lambda attributes, values: not equal(attributes, values)
        for operand in (left, right):
            self.require(operand.placeholder, sign, ORDERED)
        return _both(left, right, _ordered(_ORDER[sign]))

    def _between(self, value: Operand) -> Test:
        low = self._sized_operand()
        self.expect("AND")
        high = self._sized_operand()
        for operand in (value, low, high):
            self.require(operand.placeholder, "BETWEEN", ORDERED)
        if low.placeholder and high.placeholder:
            self.checks.append(self._check_bounds(low.placeholder, high.placeholder))
        least = _both(value, low, _ordered(operator.ge))
        most = _both(value, high, _ordered(operator.le))
        return lambda attributes, values: least(attributes, values) and most(attributes, values)

    def _one_of(self, value: Operand) -> Test:
        self.expect("(")
        choices = [self._sized_operand()]
        while self.accept(","):
            choices.append(self._sized_operand())
        self.expect(")")
        if len(choices) > MAX_CHOICES:
            raise self.problem(
                f"The IN operator is provided with too many operands; number of operands: "
                f"{len(choices)}"
            )
        tests = [_equal(value, choice) for choice in choices]
        return lambda attributes, values: any(test(attributes, values) for test in tests)

    def _check_distinct(self, function: str, first: Operand, second: Operand) -> None:
        if first.path is not None and first.path == second.path:
            raise self.problem(
                "The first operand must be distinct from the remaining operands for this "
                f"operator or function; operator: {function}, first operand: "
                f"[{', '.join(map(str, first.path))}]"
            )

    def _check_type_name(self, name: str) -> Check:
        def check(values: Values) -> None:
            if values[name]["S"] not in KINDS:
                raise self.problem(
                    f"Invalid attribute type name found; type: {values[name]['S']}, "
                    "valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}"
                )

        return check

    def _check_bounds(self, low: str, high: str) -> Check:
        def check(values: Values) -> None:
            least, most = values[low], values[high]
            shown = f"lower bound operand: {least}, upper bound operand: {most}"
            if kind_of(least) != kind_of(most):
                raise self.problem(
                    "The BETWEEN operator requires same data type for lower and upper bounds; "
                    + shown
                )
            if comparable(least) > comparable(most):
                raise self.problem(
                    "The BETWEEN operator requires upper bound to be greater than or equal to "
                    f"lower bound; {shown}"
                )

        return check


def _equal(left: Operand, right: Operand) -> Test:
    get_left, get_right = left.get, right.get

    def test(attributes: Attributes, values: Values) -> bool:
        found = get_left(attributes, values)
        return found is not None and found == get_right(attributes, values)

    return test


def _both(first: Operand, second: Operand, test: Callable[[Value, Value], bool]) -> Test:
    """Return a test that fails where one of the operands does not exist."""

    def holds(attributes: Attributes, values: Values) -> bool:
        left, right = first.get(attributes, values), second.get(attributes, values)
        return left is not None and right is not None and test(left, right)

    return holds


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Value, Value], bool]:
    def test(left: Value, right: Value) -> bool:
        kind = kind_of(left)
        if kind not in ORDERED or kind not in right:
            return False
        return compare(comparable(left), comparable(right))

    return test


def _begins_with(whole: Value, start: Value) -> bool:
    kind = kind_of(whole)
    if kind not in _TEXTS or kind not in start:
        return False
    begins: bool = comparable(whole).startswith(comparable(start))
    return begins


def _contains(container: Value, element: Value) -> bool:
    ((kind, content),) = container.items()
    if kind == "L":
        return element in content
    if kind in _TEXTS:
        return kind in element and comparable(element) in comparable(container)
    return kind in SETS and element.get(kind[0]) in content

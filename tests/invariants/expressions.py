"""DynamoDB's condition and update expressions, as far as the stores use them.

Items are typed JSON and are never changed in place. Grammar and meaning: DynamoDB Developer Guide,
"Expressions". An expression is compiled once; a `Scope` has what its `#names` and `:values` are.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

Attribute = dict[str, Any]
Item = dict[str, Attribute]
Path = tuple[str, ...]

_TOKEN = re.compile(r"\s*(<>|<=|>=|[=<>(),.+-]|[#:]\w+|\w+)")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


class Invalid(Exception):  # noqa: N818 - it becomes a ValidationException
    """The expression cannot be carried out on this item."""


class Scope(NamedTuple):
    names: Mapping[str, str]
    values: Mapping[str, Attribute]


Condition = Callable[[Item, Scope], bool]
Operand = Callable[[Item, Scope], Attribute | None]
Change = Callable[[Item, Item, Scope], Item]
"""Of the item as it was and as it is by now, to the item as it is next."""


@lru_cache(None)
def condition(text: str) -> Condition:
    """A condition or key condition; always true if there is none."""
    if not text:
        return lambda _item, _scope: True
    compiled: Condition = _Parser(text).whole(_Parser.any_of)
    return compiled


@lru_cache(None)
def update(text: str) -> Callable[[Item, Scope], Item]:
    """An update expression: from the item as it was to the item as it is afterwards."""
    changes: list[Change] = _Parser(text).whole(_Parser.clauses)

    def carry_out(item: Item, scope: Scope) -> Item:
        result = item
        for change in changes:
            result = change(item, result, scope)
        return result

    return carry_out


def plain(attribute: Attribute | None) -> Any:
    """A value that compares as DynamoDB compares: numbers by value, maps by content."""
    if attribute is None:
        return None
    ((kind, value),) = attribute.items()
    if kind == "N":
        return kind, Decimal(value).normalize()
    if kind == "M":
        return kind, {name: plain(each) for name, each in sorted(value.items())}
    if kind == "L":
        return kind, [plain(each) for each in value]
    return kind, value


class _Parser:
    """Recursive descent; each method answers what carries out the part it has read."""

    def __init__(self, text: str) -> None:
        self._tokens = _TOKEN.findall(text)
        self._at = 0

    def whole(self, rule: Callable[["_Parser"], Any]) -> Any:
        parsed = rule(self)
        if self._at != len(self._tokens):
            raise Invalid(f"unexpected {self._tokens[self._at]!r}")
        return parsed

    def any_of(self) -> Condition:
        parts = [self.all_of()]
        while self._take("OR"):
            parts.append(self.all_of())
        return lambda item, scope: any(part(item, scope) for part in parts)

    def all_of(self) -> Condition:
        parts = [self._term()]
        while self._take("AND"):
            parts.append(self._term())
        return lambda item, scope: all(part(item, scope) for part in parts)

    def clauses(self) -> list[Change]:
        changes: list[Change] = []
        rules = {"SET": self._assignment, "REMOVE": self._removal, "ADD": self._addition}
        while self._at < len(self._tokens):
            rule = rules[self._next()]
            changes.append(rule())
            while self._take(","):
                changes.append(rule())
        return changes

    def _term(self) -> Condition:
        if self._take("("):
            inner = self.any_of()
            self._expect(")")
            return inner
        for function, wanted in (("attribute_exists", True), ("attribute_not_exists", False)):
            if self._take(function):
                self._expect("(")
                path = self._path()
                self._expect(")")
                return lambda item, scope: (path(item, scope) is not None) is wanted
        left = self._operand()
        if self._take("IN"):
            self._expect("(")
            choices = [self._operand()]
            while self._take(","):
                choices.append(self._operand())
            self._expect(")")
            return lambda item, scope: any(
                plain(left(item, scope)) == plain(choice(item, scope)) for choice in choices
            )
        return _comparison(self._next(), left, self._operand())

    def _assignment(self) -> Change:
        names = self._names()
        self._expect("=")
        value = self._operand()
        sign = 1 if self._take("+") else -1 if self._take("-") else 0
        if sign:
            first, second = value, self._operand()
            value = lambda item, scope: _sum(first(item, scope), second(item, scope), sign)  # noqa: E731

        def assign(before: Item, now: Item, scope: Scope) -> Item:
            attribute = value(before, scope)
            if attribute is None:
                raise Invalid("an operand refers to an attribute that does not exist")
            return _put(now, _resolve(names, scope), attribute)

        return assign

    def _removal(self) -> Change:
        names = self._names()
        return lambda _before, now, scope: _put(now, _resolve(names, scope), None)

    def _addition(self) -> Change:
        names, value = self._names(), self._operand()

        def add(before: Item, now: Item, scope: Scope) -> Item:
            path = _resolve(names, scope)
            old = _look_up(before, path) or {"N": "0"}
            return _put(now, path, _sum(old, value(before, scope), 1))

        return add

    def _operand(self) -> Operand:
        if self._take("if_not_exists"):
            self._expect("(")
            path = self._path()
            self._expect(",")
            other = self._operand()
            self._expect(")")
            return lambda item, scope: path(item, scope) or other(item, scope)
        if self._take("size"):
            self._expect("(")
            measured = self._path()
            self._expect(")")
            return lambda item, scope: _size(measured(item, scope))
        if self._tokens[self._at].startswith(":"):
            name = self._next()
            return lambda _item, scope: scope.values[name]
        return self._path()

    def _path(self) -> Operand:
        names = self._names()
        return lambda item, scope: _look_up(item, _resolve(names, scope))

    def _names(self) -> Path:
        names = [self._next()]
        while self._take("."):
            names.append(self._next())
        return tuple(names)

    def _next(self) -> str:
        self._at += 1
        token: str = self._tokens[self._at - 1]
        return token

    def _take(self, token: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at] == token:
            self._at += 1
            return True
        return False

    def _expect(self, token: str) -> None:
        if not self._take(token):
            raise Invalid(f"expected {token!r}")


def _comparison(operator: str, left: Operand, right: Operand) -> Condition:
    def compare(item: Item, scope: Scope) -> bool:
        first, second = plain(left(item, scope)), plain(right(item, scope))
        if first is None or second is None:
            return operator == "<>"
        if operator in ("=", "<>"):
            return (first == second) is (operator == "=")
        return first[0] == second[0] and _COMPARE[operator](first[1], second[1])

    return compare


def _resolve(names: Path, scope: Scope) -> Path:
    return tuple(scope.names[name] if name.startswith("#") else name for name in names)


def _look_up(item: Item, path: Path) -> Attribute | None:
    for name in path[:-1]:
        item = item.get(name, {}).get("M", {})
    return item.get(path[-1])


def _put(item: Item, path: Path, attribute: Attribute | None) -> Item:
    """A copy of an item with one attribute set, or removed. The maps on the way must exist."""
    name, rest = path[0], path[1:]
    if rest:
        if "M" not in item.get(name, {}):
            raise Invalid("the document path provided in the update expression is invalid")
        attribute = {"M": _put(item[name]["M"], rest, attribute)}
    if attribute is None:
        return {each: value for each, value in item.items() if each != name}
    return {**item, name: attribute}


def _size(attribute: Attribute | None) -> Attribute | None:
    """Elements of a map or a list, characters of a text."""
    if attribute is None:
        return None
    ((_, value),) = attribute.items()
    return {"N": str(len(value))}


def _sum(first: Attribute | None, second: Attribute | None, sign: int) -> Attribute:
    if first is None or second is None or "N" not in first or "N" not in second:
        raise Invalid("an operand of + or - is missing or no number")
    total = Decimal(first["N"]) + sign * Decimal(second["N"])
    return {"N": str(total)}

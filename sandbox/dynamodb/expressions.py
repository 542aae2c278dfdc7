"""DynamoDB's update and condition expressions, parsed once and evaluated on moto's items.

moto parses, copies and walks its trees anew for each call: 1 to 2 ms where this takes 20 µs. Only
what succeeds is done here. Whatever is unusual raises NotSimpleError before anything is changed,
and moto does it, or says what is wrong with it.

Grammar: "Update expressions" and "Condition and filter expressions" in the developer guide.
"""

import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.parsing.reserved_keywords import ReservedKeywords

_TOKEN = re.compile(r"\s*([#:]?[A-Za-z0-9_]+|<>|<=|>=|[=<>(),.\[\]+-])")
_RESERVED = frozenset(ReservedKeywords.get_reserved_keywords())
_CLAUSES = ("SET", "REMOVE", "ADD", "DELETE")

T = TypeVar("T")
Part = str | int
Path = tuple[Part, ...]
"""Where a value is: names (or placeholders of names) and places in lists."""


class NotSimpleError(Exception):
    """Leave this one to moto."""


@dataclass(frozen=True)
class Scope:
    """What an expression is evaluated on: an item's attributes and the request's placeholders."""

    attributes: Mapping[str, DynamoType]
    names: Mapping[str, str]
    values: Mapping[str, Any]

    def path(self, path: Path) -> Path:
        """The path with its placeholders replaced."""
        try:
            return tuple(
                self.names[part] if isinstance(part, str) and part[0] == "#" else part
                for part in path
            )
        except KeyError:
            raise NotSimpleError from None

    def at(self, path: Path) -> DynamoType | None:
        """The value there, if there is one."""
        head, *rest = self.path(path)
        value = self.attributes.get(str(head))
        for part in rest:
            value = value and value.child_attr(part)
        return value

    def value(self, placeholder: str) -> DynamoType:
        """A value of the request."""
        try:
            return DynamoType(self.values[placeholder])
        except KeyError:
            raise NotSimpleError from None


Operand = Callable[[Scope], DynamoType | None]
Condition = Callable[[Scope], bool]


@dataclass
class Update:
    """A parsed update expression."""

    assignments: list[tuple[Path, Operand]] = field(default_factory=list)
    removals: list[Path] = field(default_factory=list)
    additions: list[tuple[Path, Operand]] = field(default_factory=list)
    placeholders: set[str] = field(default_factory=set)

    @property
    def paths(self) -> list[Path]:
        """Every path that it writes to."""
        written = [path for path, _ in self.assignments + self.additions]
        return written + self.removals


class Tokens:
    """The tokens of an expression, one after the other."""

    def __init__(self, text: str) -> None:
        self._tokens: list[str] = []
        at = 0
        text = text.rstrip()
        while at < len(text):
            match = _TOKEN.match(text, at)
            if not match:
                raise NotSimpleError
            self._tokens.append(match[1])
            at = match.end()
        self.placeholders = {each for each in self._tokens if each[0] in "#:"}
        self._at = 0

    @property
    def next(self) -> str:
        """The next token; empty at the end."""
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def take(self) -> str:
        """The next token, which is then behind us."""
        token = self.next
        self._at += 1
        return token

    def accept(self, *tokens: str) -> bool:
        """Takes the next token if it is one of these."""
        if self.next.upper() in tokens:
            self._at += 1
            return True
        return False

    def expect(self, token: str) -> None:
        """Takes the next token, which must be this one."""
        if not self.accept(token):
            raise NotSimpleError


@functools.lru_cache(maxsize=1024)
def parse_update(text: str) -> Update:
    """Parses an update expression. Raises NotSimpleError."""
    tokens = Tokens(text)
    update = Update(placeholders=tokens.placeholders)
    seen: set[str] = set()
    while tokens.next:
        clause = tokens.take().upper()
        if clause not in _CLAUSES or clause in seen or clause == "DELETE":
            raise NotSimpleError
        seen.add(clause)
        while True:
            _clause_item(clause, tokens, update)
            if not tokens.accept(","):
                break
    return update


def _clause_item(clause: str, tokens: Tokens, update: Update) -> None:
    path = parse_path(tokens)
    if clause == "REMOVE":
        update.removals.append(path)
    elif clause == "ADD":
        update.additions.append((path, _term(tokens)))
    else:
        tokens.expect("=")
        update.assignments.append((path, _sum(tokens)))


def parse_path(tokens: Tokens) -> Path:
    """`a.#b[0].c`"""
    parts: list[Part] = [_name(tokens)]
    while True:
        if tokens.accept("."):
            parts.append(_name(tokens))
        elif tokens.accept("["):
            index = tokens.take()
            if not index.isdecimal():
                raise NotSimpleError
            parts.append(int(index))
            tokens.expect("]")
        else:
            return tuple(parts)


def _name(tokens: Tokens) -> str:
    name = tokens.take()
    plain = name[:1].isalpha() or name[:1] == "_"
    if (not plain and name[:1] != "#") or (plain and name.upper() in _RESERVED):
        raise NotSimpleError
    return name


def _sum(tokens: Tokens) -> Operand:
    left = _term(tokens)
    if tokens.next not in ("+", "-"):
        return left
    sign, right = tokens.take(), _term(tokens)
    return lambda scope: _add(left(scope), right(scope), sign)


def _add(left: DynamoType | None, right: DynamoType | None, sign: str) -> DynamoType:
    if not left or not right or not left.is_number() or not right.is_number():
        raise NotSimpleError
    return left + right if sign == "+" else left - right


def _term(tokens: Tokens) -> Operand:
    if tokens.next[:1] == ":":
        placeholder = tokens.take()
        return lambda scope: scope.value(placeholder)
    if tokens.accept("IF_NOT_EXISTS"):
        tokens.expect("(")
        path = parse_path(tokens)
        tokens.expect(",")
        otherwise = _sum(tokens)
        tokens.expect(")")
        return lambda scope: scope.at(path) or otherwise(scope)
    if tokens.accept("LIST_APPEND"):
        tokens.expect("(")
        first = _term(tokens)
        tokens.expect(",")
        second = _term(tokens)
        tokens.expect(")")
        return lambda scope: _append(first(scope), second(scope))
    path = parse_path(tokens)
    return lambda scope: scope.at(path)


def _append(first: DynamoType | None, second: DynamoType | None) -> DynamoType:
    if not first or not second or not first.is_list() or not second.is_list():
        raise NotSimpleError
    return DynamoType({"L": [*first.to_regular_json()["L"], *second.to_regular_json()["L"]]})

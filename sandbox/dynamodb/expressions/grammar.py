"""The parts that all expressions share: tokens, placeholders, paths and operands.

An expression becomes a closure over the item and the values. Grammar: Developer Guide, "Using
expressions in DynamoDB"; reserved words: "Reserved words in DynamoDB".
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from moto.dynamodb.parsing.reserved_keywords import ReservedKeywords

from sandbox.dynamodb.model.errors import invalid
from sandbox.dynamodb.model.paths import Path, look_up
from sandbox.dynamodb.model.values import Attributes, Value, length

Values = Mapping[str, Value]
"""The request's `ExpressionAttributeValues`, canonical."""
Names = tuple[tuple[str, str], ...]
"""The request's `ExpressionAttributeNames`, as something that can be hashed."""
Check = Callable[[Values], None]
"""Raise ValidationException if a value of the request has a type that its place refuses."""

MAX_BYTES = 4096
_TOKEN = re.compile(r"\s*([#:]?\w+|<>|<=|>=|[=<>(),.\[\]+-])", re.ASCII)
_RESERVED = frozenset(ReservedKeywords.get_reserved_keywords())


@dataclass(frozen=True, slots=True)
class Operand:
    """A value, a path or a function of one."""

    get: Callable[[Attributes, Values], Value | None]
    path: Path | None = None
    placeholder: str | None = None


class Used(NamedTuple):
    """The placeholders of an expression, and what its values must be like."""

    label: str
    names: frozenset[str]
    values: frozenset[str]
    checks: tuple[Check, ...]


class Parser:
    """The tokens of one expression, taken one after the other.

    `label` is the parameter that the expression comes from; errors name it.
    """

    def __init__(self, label: str, text: str, names: Names) -> None:
        self.label = label
        self.checks: list[Check] = []
        self._text = text
        self._names = dict(names)
        self._used_names: set[str] = set()
        self._used_values: set[str] = set()
        self._at = 0
        if not text.strip():
            raise self.problem("The expression can not be empty;")
        if len(text.encode()) > MAX_BYTES:
            raise self.problem(
                "Expression size has exceeded the maximum allowed size; expression size: "
                f"{len(text.encode())}"
            )
        self._tokens = self._split(text.rstrip())

    @property
    def next(self) -> str:
        """The next token; empty at the end."""
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def used(self) -> Used:
        """Return what was used so far."""
        names, values = frozenset(self._used_names), frozenset(self._used_values)
        return Used(self.label, names, values, tuple(self.checks))

    def take(self) -> str:
        """Return the next token and go past it."""
        token = self.next
        self._at += 1
        return token

    def accept(self, token: str) -> bool:
        """Go past the next token if it is this one, in whatever case."""
        if self.next.upper() == token:
            self._at += 1
            return True
        return False

    def accept_function(self, name: str) -> bool:
        """Go past `name (` if that comes next; functions are in lower case."""
        if self._tokens[self._at : self._at + 2] == [name, "("]:
            self._at += 2
            return True
        return False

    def expect(self, token: str) -> None:
        """Go past the next token. Raises ValidationException if it is another one."""
        if not self.accept(token):
            raise self.syntax_error()

    def end(self) -> None:
        """Raise ValidationException if there are tokens left."""
        if self.next:
            raise self.syntax_error()

    def problem(self, text: str) -> Exception:
        """Return a ValidationException about this expression."""
        return invalid(f"Invalid {self.label}: {text}")

    def syntax_error(self) -> Exception:
        """Return a ValidationException about the next token."""
        token = self.next or "<EOF>"
        near = " ".join(self._tokens[max(self._at - 1, 0) : self._at + 2])
        return self.problem(f'Syntax error; token: "{token}", near: "{near}"')

    def path(self) -> Path:
        """Take a document path, its placeholders replaced: `a.#b[0].c`."""
        parts: list[str | int] = [self._name()]
        while True:
            if self.accept("."):
                parts.append(self._name())
            elif self.accept("["):
                if not self.next.isdecimal():
                    raise self.syntax_error()
                parts.append(int(self.take()))
                self.expect("]")
            else:
                return tuple(parts)

    def placeholder(self) -> str:
        """Take the placeholder of a value."""
        if self.next[:1] != ":":
            raise self.syntax_error()
        name = self.take()
        self._used_values.add(name)
        return name

    def operand(self) -> Operand:
        """Take a value or a path."""
        if self.next[:1] == ":":
            name = self.placeholder()
            return Operand(lambda _, values: values[name], placeholder=name)
        if self._tokens[self._at + 1 : self._at + 2] == ["("]:
            raise self.problem(f"Invalid function name; function: {self.next}")
        path = self.path()
        if len(path) > 1:
            return Operand(lambda attributes, _: look_up(attributes, path), path)
        attribute = str(path[0])
        return Operand(lambda attributes, _: attributes.get(attribute), path)

    def size(self) -> Operand:
        """Take the rest of `size(path)`."""
        sized = self.path()
        self.expect(")")

        def get(attributes: Attributes, _: Values) -> Value | None:
            value = look_up(attributes, sized)
            measured = None if value is None else length(value)
            return None if measured is None else {"N": str(measured)}

        return Operand(get)

    def require(self, placeholder: str | None, function: str, kinds: frozenset[str]) -> None:
        """Have the value of the request of that name, if it is one, be of one of `kinds`."""
        if placeholder is not None:
            self.checks.append(self._check_kind(placeholder, function, kinds))

    def _check_kind(self, name: str, function: str, kinds: frozenset[str]) -> Check:
        def check(values: Values) -> None:
            if kinds.isdisjoint(values[name]):
                ((kind, _),) = values[name].items()
                raise self.problem(
                    "Incorrect operand type for operator or function; operator or function: "
                    f"{function}, operand type: {kind}"
                )

        return check

    def _name(self) -> str:
        name = self.next
        if name[:1] == "#":
            self._at += 1
            self._used_names.add(name)
            if name not in self._names:
                raise self.problem(
                    "An expression attribute name used in the document path is not defined; "
                    f"attribute name: {name}"
                )
            return self._names[name]
        if not (name[:1].isalpha() or name[:1] == "_"):
            raise self.syntax_error()
        if name.upper() in _RESERVED:
            raise self.problem(f"Attribute name is a reserved keyword; reserved keyword: {name}")
        self._at += 1
        return name

    def _split(self, text: str) -> list[str]:
        tokens, at = [], 0
        while at < len(text):
            match = _TOKEN.match(text, at)
            if not match:
                raise self.problem(
                    f'Syntax error; token: "{text[at:].strip()[:1]}", near: "{text[at : at + 12]}"'
                )
            tokens.append(match[1])
            at = match.end()
        return tokens

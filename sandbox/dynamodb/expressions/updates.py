"""Update expressions.

Grammar and meaning: Developer Guide, "Update expressions". Every operand is read from the item as
it was before the update.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.dynamodb.expressions.grammar import Names, Operand, Parser, Used, Values
from sandbox.dynamodb.model.errors import ItemError, invalid_for_item
from sandbox.dynamodb.model.paths import Path, check_overlaps, look_up, put
from sandbox.dynamodb.model.values import SETS, Attributes, Value, add_numbers, kind_of, sorted_set

Amend = Callable[[Value | None, Value], Value | None]
"""Return the new value of a path, from the one that is there and the one of the request."""

_LABEL = "UpdateExpression"
_ADDABLE = SETS | {"N"}
_NUMBER, _LIST = frozenset("N"), frozenset("L")


@dataclass
class Update:
    """A parsed update: what is written where, and the placeholders in it."""

    assignments: list[tuple[Path, Operand]] = field(default_factory=list)
    amendments: list[tuple[Path, str, Amend]] = field(default_factory=list)
    removals: list[Path] = field(default_factory=list)
    used: Used = field(default_factory=lambda: Used(_LABEL, frozenset(), frozenset(), ()))
    paths: tuple[Path, ...] = ()
    """Every path that it writes to."""
    attributes: frozenset[str] = frozenset()
    """The attributes that it writes to, or into."""

    def apply(self, before: Attributes, values: Values) -> Attributes:
        """Return the item as it is after the update of `before`.

        Raises:
            ItemError: an operand is missing or has another type.
        """
        after = dict(before)
        for path, operand in self.assignments:
            value = operand.get(before, values)
            if value is None:
                raise _missing()
            put(after, path, value)
        for path, name, amend in self.amendments:
            put(after, path, amend(look_up(before, path), values[name]))
        for path in self.removals:
            put(after, path, None)
        return after


def parse_update(text: str, names: Names) -> Update:
    """Parse an update expression. Raises ValidationException."""
    parser = _UpdateParser(_LABEL, text, names)
    update = parser.clauses()
    update.used = parser.used()
    assigned = (path for path, _ in update.assignments)
    amended = (path for path, _, _ in update.amendments)
    update.paths = (*assigned, *amended, *update.removals)
    update.attributes = frozenset(str(path[0]) for path in update.paths)
    check_overlaps(_LABEL, update.paths)
    # The last elements of a list first, so that the positions of the others stay the same.
    update.removals.sort(key=_positions, reverse=True)
    return update


def _positions(path: Path) -> tuple[int, ...]:
    return tuple(part if isinstance(part, int) else -1 for part in path)


class _UpdateParser(Parser):
    def clauses(self) -> Update:
        """Take SET, REMOVE, ADD and DELETE, each at most once."""
        update = Update()
        seen: set[str] = set()
        while self.next:
            clause = self.next.upper()
            if clause not in ("SET", "REMOVE", "ADD", "DELETE"):
                raise self.syntax_error()
            if clause in seen:
                raise self.problem(
                    f'The "{clause}" section can only be used once in an update expression;'
                )
            seen.add(clause)
            self.take()
            self._entry(clause, update)
            while self.accept(","):
                self._entry(clause, update)
        return update

    def _entry(self, clause: str, update: Update) -> None:
        path = self.path()
        if clause == "SET":
            self.expect("=")
            update.assignments.append((path, self._sum()))
        elif clause == "REMOVE":
            update.removals.append(path)
        else:
            name = self.placeholder()
            kinds, amend = (_ADDABLE, _add) if clause == "ADD" else (SETS, _delete)
            self.require(name, clause, kinds)
            update.amendments.append((path, name, amend))

    def _sum(self) -> Operand:
        left = self._term()
        if self.next not in ("+", "-"):
            return left
        operator = self.take()
        right = self._term()
        for operand in (left, right):
            self.require(operand.placeholder, operator, _NUMBER)
        sign = 1 if operator == "+" else -1

        def total(attributes: Attributes, values: Values) -> Value:
            first = _present(left, attributes, values)
            second = _present(right, attributes, values)
            if "N" not in first or "N" not in second:
                raise _wrong_type()
            return add_numbers(first, second, sign)

        return Operand(total)

    def _term(self) -> Operand:
        if self.accept("("):
            inner = self._sum()
            self.expect(")")
            return inner
        if self.accept_function("if_not_exists"):
            return self._if_not_exists()
        if self.accept_function("list_append"):
            return self._list_append()
        return self.operand()

    def _if_not_exists(self) -> Operand:
        path = self.path()
        self.expect(",")
        otherwise = self._term()
        self.expect(")")
        return Operand(
            lambda attributes, values: (
                look_up(attributes, path) or otherwise.get(attributes, values)
            )
        )

    def _list_append(self) -> Operand:
        first = self._term()
        self.expect(",")
        second = self._term()
        self.expect(")")
        for operand in (first, second):
            self.require(operand.placeholder, "list_append", _LIST)

        def joined(attributes: Attributes, values: Values) -> Value:
            head = _present(first, attributes, values)
            tail = _present(second, attributes, values)
            if "L" not in head or "L" not in tail:
                raise _wrong_type()
            return {"L": [*head["L"], *tail["L"]]}

        return Operand(joined)


def _present(operand: Operand, attributes: Attributes, values: Values) -> Value:
    value = operand.get(attributes, values)
    if value is None:
        raise _missing()
    return value


def _add(present: Value | None, added: Value) -> Value:
    if present is None:
        return added
    kind = kind_of(added)
    if kind not in present:
        raise _wrong_type()
    if kind == "N":
        return add_numbers(present, added)
    return {kind: sorted_set(kind, list({*present[kind], *added[kind]}))}


def _delete(present: Value | None, removed: Value) -> Value | None:
    if present is None:
        return None
    kind = kind_of(removed)
    if kind not in present:
        raise _wrong_type()
    left = [each for each in present[kind] if each not in removed[kind]]
    return {kind: left} if left else None


def _missing() -> ItemError:
    return invalid_for_item(
        "The provided expression refers to an attribute that does not exist in the item"
    )


def _wrong_type() -> ItemError:
    return invalid_for_item("An operand in the update expression has an incorrect data type")

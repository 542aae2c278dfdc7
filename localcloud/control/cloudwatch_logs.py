"""What moto lacks of CloudWatch Logs: filter patterns for JSON, `{ $.level = "ERROR" }`.

CloudWatch Logs User Guide, "Filter pattern syntax": selectors such as `$.a.b[0]`; = and != with
strings, in which `*` stands for anything, numbers and `%expressions%`; < <= > >= with numbers;
IS NULL, IS TRUE, IS FALSE, NOT EXISTS; && before ||, parentheses. moto knows words and phrases.
"""

import functools
import json
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from moto.logs import models
from moto.logs.exceptions import InvalidParameterException

Test = Callable[[Any], bool]
"""Whether a document fits."""

_MISSING = object()
_TOKEN = re.compile(
    r"""\s*(?:(?P<mark>&&|\|\||!=|<=|>=|[=<>(){}])|(?P<selector>\$[^\s=!<>&|(){}]*)"""
    r"""|"(?P<quoted>(?:[^"\\]|\\.)*)"|%(?P<regex>[^%]*)%|(?P<word>[^\s=!<>&|(){}"]+))"""
)
_STEP = re.compile(r"\.([\w@:-]+)|\[(\d+)\]")
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?\Z")
_ORDER: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_CONSTANTS = {"NULL": None, "TRUE": True, "FALSE": False}


class _Pattern:
    """Reads a pattern from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._left = self._tokens()

    def test(self) -> Test:
        self._must("{")
        test = self._either()
        self._must("}")
        if self._left:
            raise self._refusal()
        return test

    def _either(self) -> Test:
        tests = [self._all()]
        while self._takes("||"):
            tests.append(self._all())
        return lambda document: any(test(document) for test in tests)

    def _all(self) -> Test:
        tests = [self._one()]
        while self._takes("&&"):
            tests.append(self._one())
        return lambda document: all(test(document) for test in tests)

    def _one(self) -> Test:
        if self._takes("("):
            test = self._either()
            self._must(")")
            return test
        select = _selector(self._next("selector"))
        if self._takes("IS"):
            wanted = _CONSTANTS.get(self._next("word").upper(), _MISSING)
            if wanted is _MISSING:
                raise self._refusal()
            return lambda document: select(document) is wanted
        if self._takes("NOT"):
            self._must("EXISTS")
            return lambda document: select(document) is _MISSING
        compares = self._comparison()
        return lambda document: compares(select(document))

    def _comparison(self) -> Test:
        mark = self._next("mark")
        kind, text = self._left.pop(0) if self._left else ("", "")
        is_number = kind == "word" and bool(_NUMBER.match(text))
        if mark in _ORDER and is_number:
            compare, number = _ORDER[mark], float(text)
            return lambda value: _is_number(value) and compare(value, number)
        if mark not in ("=", "!=") or kind not in ("word", "quoted", "regex"):
            raise self._refusal()
        equals = _number(float(text)) if is_number else _text(kind, text)
        if mark == "=":
            return equals
        return lambda value: value is not _MISSING and not equals(value)

    def _takes(self, wanted: str) -> bool:
        found = bool(self._left) and self._left[0][0] in ("mark", "word")
        if found and self._left[0][1].upper() == wanted:
            self._left.pop(0)
            return True
        return False

    def _must(self, wanted: str) -> None:
        if not self._takes(wanted):
            raise self._refusal()

    def _next(self, kind: str) -> str:
        if not self._left or self._left[0][0] != kind:
            raise self._refusal()
        return self._left.pop(0)[1]

    def _tokens(self) -> list[tuple[str, str]]:
        """Kind and text of each."""
        found, at, text = [], 0, self._text.rstrip()
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise self._refusal()
            kind = str(match.lastgroup)
            word = match[kind]
            found.append((kind, re.sub(r"\\(.)", r"\1", word) if kind == "quoted" else word))
            at = match.end()
        return found

    def _refusal(self) -> InvalidParameterException:
        return InvalidParameterException(msg=f"Invalid filter pattern: {self._text}")


def _selector(text: str) -> Callable[[Any], Any]:
    steps = [name or int(index) for name, index in _STEP.findall(text)]

    def select(value: Any) -> Any:
        for step in steps:
            if isinstance(value, dict if isinstance(step, str) else list):
                try:
                    value = value[step]
                except LookupError:
                    return _MISSING
            else:
                return _MISSING
        return value

    return select


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(number: float) -> Test:
    return lambda value: _is_number(value) and value == number


def _text(kind: str, text: str) -> Test:
    if kind == "regex":
        try:
            fits = re.compile(text).search
        except re.error as problem:
            raise InvalidParameterException(msg=f"Invalid expression: {text}") from problem
    else:
        fits = re.compile(re.escape(text).replace(r"\*", ".*"), re.DOTALL).fullmatch
    return lambda value: (
        value is not _MISSING
        and fits(value if isinstance(value, str) else json.dumps(value)) is not None
    )


@functools.lru_cache(maxsize=100)
def compiled(pattern: str) -> Test:
    """Whether a document fits the pattern. Raises InvalidParameterException."""
    return _Pattern(pattern).test()


class _Filter:
    """A filter pattern for JSON, as moto asks for it."""

    def __init__(self, pattern: str) -> None:
        self._fits = compiled(pattern)

    def matches(self, message: str) -> bool:
        """Whether the line is JSON that fits."""
        try:
            return self._fits(json.loads(message))
        except ValueError:
            return False


@functools.cache
def extend() -> None:
    """Adds all of this to moto, once a process."""
    original = models.EventMessageFilter

    def made(pattern: str) -> Any:
        is_json = (pattern or "").lstrip().startswith("{")
        return _Filter(pattern) if is_json else original(pattern)

    models.EventMessageFilter = made

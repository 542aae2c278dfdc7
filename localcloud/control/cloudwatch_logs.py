"""CloudWatch Logs: filter patterns for JSON, such as `{ $.level = "ERROR" && $.status >= 500 }`.

CloudWatch Logs User Guide, "Filter pattern syntax". moto knows words and phrases; added are
comparisons of fields with strings, in which `*` is any text, and with numbers, joined by `&&` and
`||` with parentheses. Not supported: array indexes, regular expressions, IS and NOT EXISTS.
"""

import ast
import functools
import json
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from moto.logs import models
from moto.logs.exceptions import InvalidParameterException

Test = Callable[[Any], bool]
"""Returns whether a JSON document matches."""

_MISSING = object()
_COMPARISON = re.compile(
    r"""\$\.(?P<path>[\w.@:-]+)\s*(?P<sign>!=|<=|>=|=|<|>)\s*"""
    r"""(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<word>[^\s()&|{}"$]+))"""
)
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?\Z")
_ORDER: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@functools.lru_cache(maxsize=100)
def compiled(pattern: str) -> Test:
    """Return the test of a pattern in braces.

    Raises:
        InvalidParameterException: the pattern is malformed or not supported.
    """
    inner = re.fullmatch(r"\s*\{(.*)\}\s*", pattern, re.DOTALL)
    comparisons: dict[str, Test] = {}

    def name_of(match: re.Match[str]) -> str:
        name = f"comparison{len(comparisons)}"
        comparisons[name] = _comparison(match, pattern)
        return f" {name} "

    # What is left is a Boolean expression over names, which Python can parse.
    text = _COMPARISON.sub(name_of, inner[1]) if inner else ""
    try:
        tree = ast.parse(text.replace("&&", " and ").replace("||", " or ").strip(), mode="eval")
    except SyntaxError:
        raise _invalid(pattern) from None
    return _test(tree.body, comparisons, pattern)


def _test(node: ast.expr, comparisons: Mapping[str, Test], pattern: str) -> Test:
    match node:
        case ast.Name(id=name) if name in comparisons:
            return comparisons[name]
        case ast.BoolOp(op=op, values=values):
            tests = [_test(each, comparisons, pattern) for each in values]
            combine = all if isinstance(op, ast.And) else any
            return lambda document: combine(test(document) for test in tests)
    raise _invalid(pattern)


def _comparison(match: re.Match[str], pattern: str) -> Test:
    steps, sign = match["path"].split("."), match["sign"]
    quoted, word = match["quoted"], match["word"] or ""
    is_number = quoted is None and bool(_NUMBER.match(word))
    if sign in _ORDER:
        if not is_number:
            raise _invalid(pattern)
        compare, number = _ORDER[sign], float(word)
        return lambda document: (
            _is_number(value := _select(document, steps)) and compare(value, number)
        )
    text = word if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
    equals = _equals_number(float(word)) if is_number else _matches_text(text)
    if sign == "=":
        return lambda document: equals(_select(document, steps))
    return lambda document: (
        (value := _select(document, steps)) is not _MISSING and not equals(value)
    )


def _select(value: Any, steps: list[str]) -> Any:
    for step in steps:
        value = value.get(step, _MISSING) if isinstance(value, dict) else _MISSING
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _equals_number(number: float) -> Test:
    return lambda value: _is_number(value) and value == number


def _matches_text(text: str) -> Test:
    matches = re.compile(re.escape(text).replace(r"\*", ".*"), re.DOTALL).fullmatch
    return lambda value: (
        value is not _MISSING
        and matches(value if isinstance(value, str) else json.dumps(value)) is not None
    )


def _invalid(pattern: str) -> InvalidParameterException:
    return InvalidParameterException(msg=f"Invalid filter pattern: {pattern}")


class _JsonFilter:
    """A filter pattern for JSON with the methods that moto calls."""

    def __init__(self, pattern: str) -> None:
        self._test = compiled(pattern)

    def matches(self, message: str) -> bool:
        """Return whether the line is JSON that matches."""
        try:
            return self._test(json.loads(message))
        except ValueError:
            return False


@functools.cache
def extend() -> None:
    """Extend moto with all of this, once a process."""
    original = models.EventMessageFilter

    def new_filter(pattern: str) -> Any:
        is_json = (pattern or "").lstrip().startswith("{")
        return _JsonFilter(pattern) if is_json else original(pattern)

    models.EventMessageFilter = new_filter

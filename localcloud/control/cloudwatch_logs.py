"""CloudWatch Logs: filter patterns for JSON, such as `{ ($.event = "refused") || ($.a.b = *) }`.

CloudWatch Logs User Guide, "Filter pattern syntax". moto knows words and phrases; added is what the
operators' tool sends: fields that equal a text, in which `*` is any text, joined by `||`.
"""

import functools
import json
import re
from collections.abc import Callable
from typing import Any

from moto.logs import models
from moto.logs.exceptions import InvalidParameterException

Test = Callable[[Any], bool]
"""Returns whether a JSON document matches."""

_EQUALS = re.compile(r'\$\.(?P<path>[\w.]+)\s*=\s*("(?P<quoted>[^"\\]*)"|(?P<word>[\w*]+))')


@functools.lru_cache(maxsize=100)
def compiled(pattern: str) -> Test:
    """Return the test of a pattern in braces.

    Raises:
        InvalidParameterException: the pattern is malformed or not supported.
    """
    inner = re.fullmatch(r"\s*\{(.*)\}\s*", pattern, re.DOTALL)
    tests = [_comparison(each.strip(), pattern) for each in (inner[1] if inner else "").split("||")]
    return lambda document: any(test(document) for test in tests)


def _comparison(text: str, pattern: str) -> Test:
    bare = text[1:-1] if text.startswith("(") and text.endswith(")") else text
    match = _EQUALS.fullmatch(bare.strip())
    if match is None:
        raise InvalidParameterException(msg=f"Invalid filter pattern: {pattern}")
    steps, wanted = match["path"].split("."), match["quoted"] or match["word"] or ""
    matches = re.compile(re.escape(wanted).replace(r"\*", ".*"), re.DOTALL).fullmatch

    def test(document: Any) -> bool:
        value = document
        for step in steps:
            value = value.get(step) if isinstance(value, dict) else None
        return value is not None and bool(
            matches(value if isinstance(value, str) else json.dumps(value))
        )

    return test


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
    """Extend moto with all of this, once per process."""
    original = models.EventMessageFilter

    def new_filter(pattern: str) -> Any:
        is_json = (pattern or "").lstrip().startswith("{")
        return _JsonFilter(pattern) if is_json else original(pattern)

    models.EventMessageFilter = new_filter

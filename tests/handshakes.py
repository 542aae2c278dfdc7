"""The headers and query of a `$connect` event, in API Gateway's form."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs

Lines = Mapping[str, str | Sequence[str]]
"""Names with a value, or with several."""


def connect_parameters(query: str | Lines, headers: Lines) -> dict[str, Any]:
    """Return the headers and query of a `$connect` event, each in its single and its multi form.

    A header may have several lines. The single form has the last value, as API Gateway's has.
    """
    parsed = parse_qs(query, keep_blank_values=True) if isinstance(query, str) else query
    lines, values = _multi(headers), _multi(parsed)
    return {
        "headers": _last(lines),
        "multiValueHeaders": lines,
        "queryStringParameters": _last(values) or None,
        "multiValueQueryStringParameters": values or None,
    }


def _multi(pairs: Lines) -> dict[str, list[str]]:
    return {name: [each] if isinstance(each, str) else list(each) for name, each in pairs.items()}


def _last(values: Mapping[str, Sequence[str]]) -> dict[str, str]:
    return {name: each[-1] for name, each in values.items()}

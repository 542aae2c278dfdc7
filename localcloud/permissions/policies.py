"""The evaluation of policy documents.

IAM User Guide, "Policy evaluation logic" and "IAM JSON policy elements". An explicit Deny wins;
what nothing allows is denied. Conditions may compare strings and ARNs, as those of a function's own
policy do. With any other operator, with NotAction or NotResource, an Allow allows nothing and a
Deny denies.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from functools import lru_cache
from typing import Any

RequestContext = Mapping[str, str]
"""The values of condition keys, which are in lower case, such as `aws:requestedregion`."""
Statement = Mapping[str, Any]
_NOTHING_KNOWN: RequestContext = {}


class Decision(Enum):
    """The result of an evaluation."""

    ALLOWED = "allowed"
    NOT_ALLOWED = "no policy allows it"
    DENIED = "a policy denies it"


def decide(
    documents: Iterable[str], action: str, resource: str, request: RequestContext = _NOTHING_KNOWN
) -> Decision:
    """Evaluate all `documents` (JSON) together."""
    statements = [each for document in documents for each in statements_of(document)]
    return evaluate(statements, action, resource, request)


def evaluate(
    statements: Iterable[Statement], action: str, resource: str, request: RequestContext
) -> Decision:
    """Evaluate these statements together."""
    decision = Decision.NOT_ALLOWED
    for statement in statements:
        denies = statement["Effect"] == "Deny"
        if _applies(statement, action, resource, request, unknown=denies):
            if denies:
                return Decision.DENIED
            decision = Decision.ALLOWED
    return decision


@lru_cache(maxsize=1024)
def statements_of(document: str) -> tuple[Statement, ...]:
    """Return the statements of a policy document."""
    return tuple(_listed(json.loads(document)["Statement"]))


def _applies(
    statement: Statement, action: str, resource: str, request: RequestContext, *, unknown: bool
) -> bool:
    """Return whether a statement applies; what is not supported in it counts as `unknown`."""
    if "NotAction" in statement or "NotResource" in statement:
        return unknown
    return (
        _any_like(statement.get("Action", ()), action.lower(), str.lower)
        and _any_like(statement.get("Resource", ()), resource)
        and all(
            _condition(operator, _listed(values), request.get(key.lower()), unknown)
            for operator, pairs in statement.get("Condition", {}).items()
            for key, values in pairs.items()
        )
    )


def _any_like(patterns: Any, text: str, change: Callable[[str], str] = str) -> bool:
    return any(matches_pattern(change(pattern), text) for pattern in _listed(patterns))


def matches_pattern(pattern: str, text: str) -> bool:
    """Return whether `text` matches `pattern`: `*` is any text, `?` any one character."""
    return _compiled(pattern).fullmatch(text) is not None


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)


_OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda wanted, given: wanted == given,
    "StringLike": matches_pattern,
    "ArnEquals": matches_pattern,
    "ArnLike": matches_pattern,
}


def _condition(operator: str, values: list[Any], given: str | None, unknown: bool) -> bool:
    if operator not in _OPERATORS:
        return unknown
    return given is not None and any(_OPERATORS[operator](each, given) for each in values)


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]

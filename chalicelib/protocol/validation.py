"""The errors of requests that do not fit their struct, with a problem for each field."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from chalicelib.errors import BadRequest, Code

Problem = tuple[str, str]
"""A field's name, "" for none, and its problem."""

NULL = msgspec.Raw(b"null")
_PATH = re.compile(r" - at `(?:key` in `)?\$\.?(?P<path>[^`]*)`$")
_MISSING = re.compile(r"^Object missing required field `(?P<name>[^`]+)`")
_IS_REQUIRED = "is required"


def invalid(*problems: Problem) -> BadRequest:
    """Return INVALID_MESSAGE with these `details`. Its message names the first."""
    field, problem = problems[0]
    text = f"{field}: {problem}" if field else problem
    return BadRequest(Code.INVALID_MESSAGE, text, details=problems)


def invalid_json(
    struct: type[msgspec.Struct], body: bytes, error: msgspec.ValidationError
) -> BadRequest:
    """Return the error of JSON that does not fit `struct`; msgspec's has the first problem only."""
    try:
        given = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except msgspec.ValidationError:  # it is not an object
        return invalid(_problem_of(error))

    def read(value: msgspec.Raw, kind: Any) -> object:
        return msgspec.json.decode(value, type=kind)

    return invalid(*_problems(struct, given, read) or [_problem_of(error)])


def invalid_parameters(
    struct: type[msgspec.Struct],
    values: Mapping[str, Any],
    error: msgspec.ValidationError,
    *,
    strict: bool = True,
) -> BadRequest:
    """Return the error of a URL's parameters. `strict` is as in `msgspec.convert`."""

    def read(value: object, kind: Any) -> object:
        return msgspec.convert(value, kind, strict=strict)

    return invalid(*_problems(struct, values, read) or [_problem_of(error)])


def _problem_of(error: msgspec.ValidationError) -> Problem:
    """Parse msgspec's message into the field's path and the problem.

    An example is `Expected `float`, got `str` - at `$.volume``.
    """
    text = str(error)
    at = _PATH.search(text)
    # The field is named, even if the problem is inside it: `lastSeq[...]`.
    path = at["path"].partition("[")[0] if at else ""
    problem = text[: at.start()] if at else text
    missing = _MISSING.match(problem)
    if missing:
        return missing["name"], _IS_REQUIRED
    return path, problem.replace(r"\Z", "$")


def _problems(
    struct: type[msgspec.Struct],
    given: Mapping[str, Any],
    read: Callable[[Any, Any], object],
) -> list[Problem]:
    found: list[Problem] = []
    for field in msgspec.structs.fields(struct):
        name = field.encode_name
        value = given.get(name)
        if value is None or (value == NULL and not field.required):
            if field.required:
                found.append((name, _IS_REQUIRED))
            continue
        try:
            read(value, field.type)
        except msgspec.ValidationError as error:
            found.append((name, _problem_of(error)[1]))
    return found

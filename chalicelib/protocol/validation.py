"""Refuses what does not fit its struct, and says of every field what is wrong with it."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from chalicelib.errors import BadRequest, Code

Problem = tuple[str, str]
"""A field's name, "" for none, and what is wrong with it."""

NULL = msgspec.Raw(b"null")
_PATH = re.compile(r" - at `(?:key` in `)?\$\.?(?P<path>[^`]*)`$")
_MISSING = re.compile(r"^Object missing required field `(?P<name>[^`]+)`")
_IS_REQUIRED = "is required"


def invalid(*problems: Problem) -> BadRequest:
    """INVALID_MESSAGE with these `details`; its sentence is of the first."""
    field, problem = problems[0]
    text = f"{field}: {problem}" if field else problem
    return BadRequest(Code.INVALID_MESSAGE, text, details=problems)


def invalid_json(
    struct: type[msgspec.Struct], body: bytes, error: msgspec.ValidationError
) -> BadRequest:
    """Why JSON is no `struct`: msgspec's `error` is of the first problem only."""
    try:
        given = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except msgspec.ValidationError:  # it is no object at all
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
    """The same for the parameters of a URL; `strict` as in `msgspec.convert`."""

    def read(value: object, kind: Any) -> object:
        return msgspec.convert(value, kind, strict=strict)

    return invalid(*_problems(struct, values, read) or [_problem_of(error)])


def _problem_of(error: msgspec.ValidationError) -> Problem:
    """Takes msgspec's sentence apart: the field's path, and what is wrong.

    Such as `Expected `float`, got `str` - at `$.volume``.
    """
    text = str(error)
    at = _PATH.search(text)
    # One field is named also where something within it is wrong: `lastSeq[...]`.
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

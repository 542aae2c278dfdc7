"""What the protocol's document says of a message, for tests to hold every message against."""

import functools
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from tools.asyncapi import TARGET

Json = dict[str, Any]


@functools.cache
def _document() -> Json:
    document: Json = yaml.safe_load(TARGET.read_text())
    return document


@functools.cache
def _validator(schema: str) -> Draft202012Validator:
    components = _document()["components"]
    strict = components["schemas"][schema] | {"additionalProperties": False}
    return Draft202012Validator(strict | {"components": components})


def check_said(message: Json) -> None:
    """Raises ValidationError unless the document knows a message, to the last field."""
    _validator(message["type"]).validate(message)


def check_sent(message: Json) -> None:
    """The same for what a client sends."""
    _validator(f"{message['action']}Request").validate(message)

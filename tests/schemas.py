"""The schemas of `docs/use/asyncapi.yaml`, which every message in a test is checked against."""

import functools
from typing import Any

import yaml
from jsonschema_rs import Draft202012Validator

from tools.asyncapi import TARGET

Json = dict[str, Any]


@functools.cache
def _document() -> Json:
    # The parser in C: each worker reads the document once.
    document: Json = yaml.load(TARGET.read_text(), Loader=yaml.CSafeLoader)
    return document


@functools.cache
def _validator(schema: str) -> Draft202012Validator:
    components = _document()["components"]
    strict = components["schemas"][schema] | {"additionalProperties": False}
    return Draft202012Validator(strict | {"components": components})


def check_said(message: Json) -> None:
    """Raise ValidationError unless the document describes every field of a stack's message."""
    _validator(message["type"]).validate(message)


def check_sent(message: Json) -> None:
    """Raise ValidationError unless the document describes a client's message."""
    _validator(f"{message['action']}Request").validate(message)

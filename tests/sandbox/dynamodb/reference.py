"""The API Reference of DynamoDB, as botocore carries it."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from botocore.loaders import create_loader


@cache
def _model() -> Mapping[str, Any]:
    model: Mapping[str, Any] = create_loader().load_service_model("dynamodb", "service-2")
    return model


def documentation(name: str) -> str:
    """Return the text about an operation or a shape, without markup."""
    described = _model()["operations"].get(name) or _model()["shapes"][name]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", described["documentation"]))


def errors(operation: str) -> set[str]:
    """Return the names of the errors that an operation may raise."""
    return {error["shape"] for error in _model()["operations"][operation]["errors"]}

"""The sandbox calls functions for the changes that Terraform's filter patterns let through.

Rules of a pattern: Lambda Developer Guide, "Control which events Lambda sends to your function"
(`invocation-eventfiltering.html`). All names of a pattern must fit, and one of each list's values;
one of several filters is enough.
"""

import json
from collections.abc import Mapping
from itertools import product
from typing import Any

import pytest

from sandbox.dynamodb.database import Change
from sandbox.sources.filters import FILTERS
from tests.terraform.conftest import Plans

pytestmark = pytest.mark.terraform

MAPPINGS = {"sessions": "on_session_change", "counts": "on_counts_change"}
IMAGES: list[Mapping[str, Any] | None] = [
    None,
    {"isActive": {"BOOL": True}},
    {"isActive": {"BOOL": False}},
    {"isActive": {"BOOL": True}, "speakerOpeningAt": {"N": "1700000000000"}},
    {"isActive": {"BOOL": True}, "speakerOpeningAt": {"NULL": True}},
    {"isActive": {"BOOL": False}, "speakerOpeningAt": {"N": "1700000000000"}},
]


@pytest.mark.parametrize("table", MAPPINGS)
def test_the_sandbox_filters_a_stream_as_terraform_says(table: str, plans: Plans) -> None:
    address = f"aws_lambda_event_source_mapping.{MAPPINGS[table]}-dynamodb-event-source"
    (criteria,) = plans("dev")["plan"][address]["filter_criteria"]
    patterns = [json.loads(each["pattern"]) for each in criteria["filter"]]
    changes = [(old, new) for old, new in product(IMAGES, IMAGES) if old != new]

    for old, new in changes:
        change: Change = {"table": table, "keys": {}, "old": old, "new": new}
        by_terraform = any(fits(pattern, record(old, new)) for pattern in patterns)
        assert FILTERS[table](change) == by_terraform, (old, new)


def record(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the record of a change, as a stream has it."""
    name = "INSERT" if old is None else "REMOVE" if new is None else "MODIFY"
    images = {"OldImage": old, "NewImage": new}
    return {
        "eventName": name,
        "dynamodb": {kind: image for kind, image in images.items() if image is not None},
    }


def fits(pattern: Any, data: Any) -> bool:
    """Return whether a part of a record fits the part of a pattern with the same name."""
    if isinstance(pattern, dict):
        return all(
            fits(part, data.get(name) if isinstance(data, dict) else None)
            for name, part in pattern.items()
        )
    return any(
        (data is not None) == rule["exists"] if isinstance(rule, dict) else data == rule
        for rule in pattern
    )

"""Helpers for tests of background work."""

import json
from collections.abc import Mapping
from typing import Any

from chalicelib import handlers
from chalicelib.actions.background.run import Work
from tests.stack import Client, Stack


def register(kinds: dict[str, Work], work: Any) -> str:
    kinds["test"] = work
    return "test"


def jobs_of(stack: Stack) -> list[dict[str, Any]]:
    return stack.jobs.take_due()


def run(stack: Stack, job: Mapping[str, Any]) -> list[Any]:
    """Run one job. Return the batch item failures."""
    record = {"messageId": "1", "body": json.dumps(job)}
    failures: list[Any] = handlers.jobs({"Records": [record]}, stack.context)["batchItemFailures"]
    return failures


def outcomes(client: Client) -> list[str]:
    return [each["type"] for each in client.received if each["type"].startswith("request")]

"""Helpers for tests of background work."""

from typing import Any

from chalicelib.actions.background.run import Work
from tests.stack import Client


def register(kinds: dict[str, Work], work: Any) -> str:
    kinds["test"] = work
    return "test"


def outcomes(client: Client) -> list[str]:
    return [each["type"] for each in client.received if each["type"].startswith("request")]

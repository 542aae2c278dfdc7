"""Helpers for tests of deliveries."""

from tests.aws import Aws
from tests.stack import Client, Stack


def seqs(client: Client) -> list[int]:
    return [each["seq"] for each in client.of_type("broadcast")]


def in_background(aws: Aws) -> Stack:
    """Return a stack in which jobs do every delivery."""
    return Stack(aws, INLINE_FANOUT_LIMIT="0", MAX_LISTENERS_PER_SESSION="5000")
